/*
 * Load for an SSH agent: N connections in a closed loop (each sends its next request when the answer to the last one is
 * there), one thread, epoll. Compiled by the benchmark; what it does per request is a send, a recv and two readings of
 * the clock, so that the agent is the bottleneck.
 *
 *   load SOCKET REQUESTS ANSWER CONNECTIONS MILLISECONDS COUNT VARY SAMPLES
 *
 * REQUESTS      file of agent frames (uint32 length, type, contents), sent in turn, the first one again after the last
 * ANSWER        number of the message every answer must be: 12 for lists, 14 for signatures; another one is an error
 * MILLISECONDS  when to end, or 0 to end by COUNT alone
 * COUNT         requests in all, or 0 to end by time alone
 * VARY          offset in each frame of 8 bytes to overwrite with a number that grows, or 0: no two requests are equal
 * SAMPLES       file to write some pairs of request and answer frames to, or "-"
 *
 * Prints one line of JSON; latencies in microseconds. Not for: deciding whether a signature is good; the caller verifies
 * the samples.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MOST_CONNECTIONS 2048
#define MOST_FRAMES 4096
#define LONGEST_ANSWER (256 * 1024 + 4) /* of the protocol */
#define SAMPLE_EVERY 37 /* a prime: samples come from all connections and all keys */
#define MOST_SAMPLES 32
#define KEPT_ANSWER 4096 /* of a sample; a signature by RSA-16384 fits */

struct connection {
  int fd;
  const uint8_t *request;
  uint32_t request_length;
  uint32_t received, expected; /* of the answer; expected is 0 until its length is there */
  uint8_t header[5];
  uint64_t sent_at;
  uint8_t *sample; /* answer bytes kept, or NULL */
};

static uint8_t *frames[MOST_FRAMES];
static uint32_t frame_length[MOST_FRAMES];
static uint32_t frame_count;
static struct connection connections[MOST_CONNECTIONS];
static uint8_t scratch[LONGEST_ANSWER];
static uint8_t sample_answer[KEPT_ANSWER];
static uint8_t *sample_request;
static uint32_t sample_request_length;
static FILE *samples;
static int sample_count;
static uint32_t *latencies; /* nanoseconds */
static size_t latency_count, latency_room;
static uint64_t number; /* of requests sent */
static size_t vary;

static void fail(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, errno == 0 ? "not what was expected" : strerror(errno));
  exit(1);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint32_t be32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void read_frames(const char *path) {
  FILE *file = fopen(path, "rb");
  uint8_t head[4];
  if (file == NULL) fail(path);
  while (fread(head, 1, 4, file) == 4) {
    uint32_t length = be32(head);
    if (frame_count == MOST_FRAMES || length == 0 || length > LONGEST_ANSWER) fail("requests");
    uint8_t *frame = malloc(4 + length);
    if (frame == NULL) fail("malloc");
    memcpy(frame, head, 4);
    if (fread(frame + 4, 1, length, file) != length || (vary != 0 && vary + 8 > 4 + length)) fail("requests");
    frames[frame_count] = frame;
    frame_length[frame_count++] = 4 + length;
  }
  fclose(file);
  if (frame_count == 0) fail("no requests");
}

static void dial(struct connection *c, const char *path, int epoll) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) fail("path of the socket is too long");
  strcpy(address.sun_path, path);
  c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (c->fd < 0) fail("socket");
  /* Blocking: a full backlog is waited for. */
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0) fail(path);
  if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0) fail("fcntl");
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) != 0) fail("epoll_ctl");
}

static void request(struct connection *c) {
  uint32_t which = (uint32_t)(number % frame_count);
  uint8_t *frame = frames[which];
  number++;
  if (vary != 0) {
    for (int i = 0; i < 8; i++) frame[vary + i] = (uint8_t)(number >> (8 * (7 - i)));
  }
  c->received = c->expected = 0;
  c->sample = NULL;
  if (samples != NULL && sample_request == NULL && sample_count < MOST_SAMPLES && number % SAMPLE_EVERY == 1) {
    sample_request = malloc(frame_length[which]);
    if (sample_request == NULL) fail("malloc");
    memcpy(sample_request, frame, frame_length[which]);
    sample_request_length = frame_length[which];
    c->sample = sample_answer;
  }
  c->sent_at = now();
  /* A request fits into an empty socket buffer, and it is empty: the answer to the last one was there. */
  if (send(c->fd, frame, frame_length[which], MSG_NOSIGNAL) != (ssize_t)frame_length[which]) fail("send");
}

static void keep_sample(struct connection *c) {
  if (4 + c->expected > KEPT_ANSWER) fail("answer is too long for a sample");
  fwrite(sample_request, 1, sample_request_length, samples);
  fwrite(sample_answer, 1, 4 + c->expected, samples);
  free(sample_request);
  sample_request = NULL;
  sample_count++;
}

static void note(uint64_t nanoseconds) {
  if (latency_count == latency_room) {
    latency_room = latency_room == 0 ? 1 << 16 : 2 * latency_room;
    latencies = realloc(latencies, latency_room * sizeof *latencies);
    if (latencies == NULL) fail("realloc");
  }
  latencies[latency_count++] = nanoseconds > UINT32_MAX ? UINT32_MAX : (uint32_t)nanoseconds;
}

/* Takes what is there; 1 when the answer is whole. */
static int receive(struct connection *c, int answer) {
  ssize_t count = recv(c->fd, scratch, sizeof scratch, 0);
  if (count < 0 && errno == EAGAIN) return 0;
  if (count == 0) errno = 0;
  if (count <= 0) fail("recv");
  for (ssize_t i = 0; i < count && c->received + i < 5; i++) c->header[c->received + i] = scratch[i];
  if (c->sample != NULL) {
    if (c->received + count > KEPT_ANSWER) fail("answer is too long for a sample");
    memcpy(c->sample + c->received, scratch, (size_t)count);
  }
  c->received += (uint32_t)count;
  if (c->received < 5) return 0;
  c->expected = be32(c->header);
  if (c->header[4] != answer) {
    fprintf(stderr, "load: answer %d instead of %d to request %llu\n", c->header[4], answer, (unsigned long long)number);
    exit(1);
  }
  if (c->received > 4 + c->expected) fail("more than one answer");
  return c->received == 4 + c->expected;
}

static int by_size(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static double percentile(double p) {
  size_t at = (size_t)(p * (double)latency_count);
  if (at >= latency_count) at = latency_count - 1;
  return latencies[at] / 1000.0;
}

int main(int argc, char **argv) {
  if (argc != 9) {
    fprintf(stderr, "load: eight arguments\n");
    return 2;
  }
  vary = (size_t)atol(argv[7]);
  read_frames(argv[2]);
  int answer = atoi(argv[3]), clients = atoi(argv[4]);
  uint64_t duration = (uint64_t)atoll(argv[5]) * 1000000u, most = (uint64_t)atoll(argv[6]);
  if (clients < 1 || clients > MOST_CONNECTIONS || (duration == 0 && most == 0)) return 2;
  if (strcmp(argv[8], "-") != 0 && (samples = fopen(argv[8], "wb")) == NULL) fail(argv[8]);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) fail("epoll_create1");
  for (int i = 0; i < clients; i++) dial(&connections[i], argv[1], epoll);

  uint64_t start = now(), last = start;
  int busy = 0;
  for (; busy < clients && (most == 0 || number < most); busy++) request(&connections[busy]);
  while (busy > 0) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, 256, 60000);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail("no answer for a minute");
    for (int i = 0; i < count; i++) {
      struct connection *c = events[i].data.ptr;
      if (!receive(c, answer)) continue;
      last = now();
      note(last - c->sent_at);
      if (c->sample != NULL) keep_sample(c);
      if ((duration != 0 && last - start >= duration) || (most != 0 && number >= most)) busy--;
      else request(c);
    }
  }

  double seconds = (double)(last - start) / 1e9;
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double own = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  qsort(latencies, latency_count, sizeof *latencies, by_size);
  printf("{\"count\":%zu,\"seconds\":%.6f,\"rate\":%.1f,\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f,\"own\":%.6f}\n",
         latency_count, seconds, (double)latency_count / seconds, percentile(0.5), percentile(0.99), percentile(1.0), own);
  if (samples != NULL && fclose(samples) != 0) fail(argv[8]);
  return 0;
}
