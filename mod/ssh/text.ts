/**
 * UTF-8 to and from text. Short ASCII, which is nearly all there is on this wire, is done here: a call of the platform's
 * coders costs a microsecond or two, whatever the length, and a login carries half a dozen such strings.
 *
 * @module
 */

/** Beyond this the platform's coders win. */
const SHORT = 64;

const ENCODER = new TextEncoder();
/** A byte order mark is kept: two names must not become one. */
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 of a text; lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  if (text.length > SHORT) return ENCODER.encode(text);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x80) return ENCODER.encode(text);
    bytes[at] = code;
  }
  return bytes;
}

/** The text of UTF-8 bytes. @throws {TypeError} If they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  if (bytes.length > SHORT) return DECODER.decode(bytes);
  let text = "";
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x80) return DECODER.decode(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}
