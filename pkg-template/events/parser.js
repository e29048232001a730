// Reads a stream of events (WHATWG HTML, section 9.2.6).

/** Ends of lines. A carriage return at the end of a piece is one by itself;
 * a line feed that the next piece begins with belongs to it then. */
const END = /\r\n|\n|\r/g;

/**
 * Gives a function that takes the stream's bytes, piece by piece, and tells
 * `dispatch(type, data)`, `identify(id)` and `retry(milliseconds)`.
 *
 * Algorithm: only the new piece is searched for ends of lines, and the parts of
 * a line are put together once, at its end, so that an event costs what it is
 * long, however it was cut.
 *
 * @param {object} told
 * @param {(type: string, data: string) => void} told.dispatch
 * @param {(id: string) => void} told.identify
 * @param {(ms: number) => void} told.retry
 */
export function parser({ dispatch, identify, retry }) {
  const decoder = new TextDecoder();
  /** @type {string[]} */
  let parts = [];
  let returned = false;
  let type = '';
  /** @type {string[]} */
  let data = [];
  /** @type {string | undefined} */
  let id;

  /** @param {string} text */
  function line(text) {
    if (text === '') {
      if (id !== undefined) identify(id);
      const [said, lines] = [type, data];
      type = '';
      data = [];
      if (lines.length) dispatch(said || 'message', lines.join('\n'));
      return;
    }
    const colon = text.indexOf(':');
    const name = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + (text[colon + 1] === ' ' ? 2 : 1));
    if (name === 'data') data.push(value);
    else if (name === 'event') type = value;
    else if (name === 'id' && !value.includes('\0')) id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) retry(+value);
  }

  return (/** @type {Uint8Array<ArrayBuffer>} */ piece) => {
    const text = decoder.decode(piece, { stream: true });
    let from = returned && text[0] === '\n' ? 1 : 0;
    if (text) returned = text.endsWith('\r');
    END.lastIndex = from;
    for (let end; (end = END.exec(text)); from = END.lastIndex) {
      const rest = text.slice(from, end.index);
      // A listener may read another stream meanwhile.
      const next = END.lastIndex;
      const whole = parts.length ? parts.join('') + rest : rest;
      parts = [];
      line(whole);
      END.lastIndex = next;
    }
    if (from < text.length) parts.push(text.slice(from));
  };
}
