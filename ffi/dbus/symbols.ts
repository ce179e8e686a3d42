/**
 * libdbus's symbols, and the few of libc that only its connection needs, typed, with the C prototype above each line
 * (dbus/dbus.h of 1.14). Variadic functions cannot be called from here and are not needed.
 *
 * @module
 */

/** libdbus-1.so.3. */
export const DBUS_SYMBOLS = {
  // void dbus_error_init(DBusError *error);
  dbus_error_init: { parameters: ["buffer"], result: "void" },
  // void dbus_error_free(DBusError *error);
  dbus_error_free: { parameters: ["buffer"], result: "void" },
  // DBusConnection *dbus_connection_open_private(const char *address, DBusError *error); connect(2) may block
  dbus_connection_open_private: { parameters: ["buffer", "buffer"], result: "pointer", nonblocking: true },
  // dbus_bool_t dbus_bus_register(DBusConnection *connection, DBusError *error); waits for the bus's greeting
  dbus_bus_register: { parameters: ["pointer", "buffer"], result: "i32", nonblocking: true },
  // void dbus_connection_set_exit_on_disconnect(DBusConnection *connection, dbus_bool_t exit_on_disconnect);
  dbus_connection_set_exit_on_disconnect: { parameters: ["pointer", "i32"], result: "void" },
  // dbus_bool_t dbus_connection_get_unix_fd(DBusConnection *connection, int *fd);
  dbus_connection_get_unix_fd: { parameters: ["pointer", "buffer"], result: "i32" },
  // dbus_bool_t dbus_connection_get_is_connected(DBusConnection *connection);
  dbus_connection_get_is_connected: { parameters: ["pointer"], result: "i32" },
  // dbus_bool_t dbus_connection_has_messages_to_send(DBusConnection *connection);
  dbus_connection_has_messages_to_send: { parameters: ["pointer"], result: "i32" },
  // dbus_bool_t dbus_connection_send(DBusConnection *connection, DBusMessage *message, dbus_uint32_t *client_serial);
  dbus_connection_send: { parameters: ["pointer", "pointer", "buffer"], result: "i32" },
  // dbus_bool_t dbus_connection_read_write(DBusConnection *connection, int timeout_milliseconds);
  dbus_connection_read_write: { parameters: ["pointer", "i32"], result: "i32" },
  // DBusMessage *dbus_connection_pop_message(DBusConnection *connection);
  dbus_connection_pop_message: { parameters: ["pointer"], result: "pointer" },
  // void dbus_connection_close(DBusConnection *connection);
  dbus_connection_close: { parameters: ["pointer"], result: "void" },
  // void dbus_connection_unref(DBusConnection *connection);
  dbus_connection_unref: { parameters: ["pointer"], result: "void" },

  // DBusMessage *dbus_message_new_method_call(const char *bus_name, const char *path, const char *iface, const char *method);
  dbus_message_new_method_call: { parameters: ["buffer", "buffer", "buffer", "buffer"], result: "pointer" },
  // void dbus_message_unref(DBusMessage *message);
  dbus_message_unref: { parameters: ["pointer"], result: "void" },
  // int dbus_message_get_type(DBusMessage *message);
  dbus_message_get_type: { parameters: ["pointer"], result: "i32" },
  // dbus_uint32_t dbus_message_get_reply_serial(DBusMessage *message);
  dbus_message_get_reply_serial: { parameters: ["pointer"], result: "u32" },
  // const char *dbus_message_get_error_name(DBusMessage *message);
  dbus_message_get_error_name: { parameters: ["pointer"], result: "pointer" },

  // dbus_bool_t dbus_message_iter_init(DBusMessage *message, DBusMessageIter *iter);
  dbus_message_iter_init: { parameters: ["pointer", "buffer"], result: "i32" },
  // int dbus_message_iter_get_arg_type(DBusMessageIter *iter);
  dbus_message_iter_get_arg_type: { parameters: ["buffer"], result: "i32" },
  // int dbus_message_iter_get_element_type(DBusMessageIter *iter);
  dbus_message_iter_get_element_type: { parameters: ["buffer"], result: "i32" },
  // void dbus_message_iter_get_basic(DBusMessageIter *iter, void *value);
  dbus_message_iter_get_basic: { parameters: ["buffer", "buffer"], result: "void" },
  // void dbus_message_iter_recurse(DBusMessageIter *iter, DBusMessageIter *sub);
  dbus_message_iter_recurse: { parameters: ["buffer", "buffer"], result: "void" },
  // dbus_bool_t dbus_message_iter_next(DBusMessageIter *iter);
  dbus_message_iter_next: { parameters: ["buffer"], result: "i32" },

  // void dbus_message_iter_init_append(DBusMessage *message, DBusMessageIter *iter);
  dbus_message_iter_init_append: { parameters: ["pointer", "buffer"], result: "void" },
  // dbus_bool_t dbus_message_iter_append_basic(DBusMessageIter *iter, int type, const void *value);
  dbus_message_iter_append_basic: { parameters: ["buffer", "i32", "buffer"], result: "i32" },
  // dbus_bool_t dbus_message_iter_open_container(DBusMessageIter *iter, int type, const char *signature,
  //                                              DBusMessageIter *sub);
  dbus_message_iter_open_container: { parameters: ["buffer", "i32", "buffer", "buffer"], result: "i32" },
  // dbus_bool_t dbus_message_iter_close_container(DBusMessageIter *iter, DBusMessageIter *sub);
  dbus_message_iter_close_container: { parameters: ["buffer", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** libc.so.6, beside what `ffi/libc.ts` has. */
export const WAIT_SYMBOLS = {
  // int poll(struct pollfd *fds, nfds_t nfds, int timeout); parked on a thread of the blocking pool
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32", nonblocking: true },
  // int shutdown(int sockfd, int how);
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  // int setenv(const char *name, const char *value, int overwrite);
  setenv: { parameters: ["buffer", "buffer", "i32"], result: "i32" },
  // int eventfd(unsigned int initval, int flags);
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  // int eventfd_write(int fd, eventfd_t value);
  eventfd_write: { parameters: ["i32", "u64"], result: "i32" },
  // int eventfd_read(int fd, eventfd_t *value);
  eventfd_read: { parameters: ["i32", "buffer"], result: "i32" },
  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** libdbus's functions. */
export type DbusSymbols = Deno.DynamicLibrary<typeof DBUS_SYMBOLS>["symbols"];
/** libc's functions that a connection waits with. */
export type WaitSymbols = Deno.DynamicLibrary<typeof WAIT_SYMBOLS>["symbols"];
/** What C calls a pointer to something of its own, never null. */
export type Pointer = Deno.PointerObject;
