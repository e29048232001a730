import { reconnect } from './socket.js';
import { tell } from './tell.js';

/** Keeps a stream of events; see events.d.ts. */
export function openEvents(auth, url, { headers, credentials, onMessage, ...options } = {}) {
  let lastEventId = '';
  let delayMs;
  const connect = async ({ signal, opened, alive }) => {
    const own = new Headers(headers);
    own.set('accept', 'text/event-stream');
    if (lastEventId) own.set('last-event-id', lastEventId);
    try {
      const response = await auth.fetch(url, { headers: own, signal, cache: 'no-store', ...(credentials && { credentials }) });
      const { status, body } = response;
      const type = response.headers.get('content-type');
      if (status !== 200 || !type?.startsWith('text/event-stream')) {
        body?.cancel();
        if (status > 499 || [408, 425, 429].includes(status)) return { delayMs: response.headers.get('retry-after') * 1000 || delayMs };
        throw Object.assign(new Error(`expected 200 and text/event-stream, found ${status} and ${type}`), { status });
      }
      opened();
      const reader = body.getReader();
      const decoder = new TextDecoder();
      let rest = '';
      let event = {};
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return { delayMs };
        alive();
        rest += decoder.decode(value, { stream: true });
        // A carriage return at the end may be half of a line break.
        const lines = rest.split(/\r\n|\n|\r(?!$)/);
        rest = lines.pop();
        for (const line of lines) {
          const [, name, text] = /^([^:]*):? ?(.*)$/s.exec(line);
          if (name === 'data') event.data = event.data === undefined ? text : `${event.data}\n${text}`;
          if (name === 'event') event.type = text;
          if (name === 'id') event.id = text;
          if (name === 'retry' && /^\d+$/.test(text)) delayMs = +text;
          if (line) continue;
          lastEventId = event.id ?? lastEventId;
          const { data, type } = event;
          event = {};
          if (data !== undefined && !signal.aborted) tell(onMessage, { type: type || 'message', data, lastEventId });
        }
      }
    } catch (error) {
      // What the network does passes.
      if (error?.name === 'TokenError' || error?.status) throw error;
      return { delayMs };
    }
  };
  return reconnect(auth, connect, options);
}
