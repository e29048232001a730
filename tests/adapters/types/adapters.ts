import axios from 'axios';
import type { AxiosInstance as Axios0 } from 'axios-0';
import type { TokenManager, TokenManagerConfig } from 'evertoken';
import { attach } from 'evertoken/axios';
import { openEvents } from 'evertoken/events';
import { openSocket, reconnect } from 'evertoken/socket';
import type { Closed } from 'evertoken/socket';
import { createClock, createMockServer, idle, jwt } from 'evertoken/testing';
import type { MockHandler } from 'evertoken/testing';

interface Mine {
  sub: string;
  roles: string[];
}
declare const auth: TokenManager<Mine>;
declare const old: Axios0;

const detach: () => void = attach(axios.create(), auth);
attach(axios, auth);
attach(old, auth);
// @ts-expect-error no instance
attach({}, auth);

const socket = openSocket(auth, 'wss://api.example.com/live', {
  onOpen: (socket, token) => socket.send(token ?? ''),
  onMessage: ({ data }) => {
    // @ts-expect-error what a server sends is not known
    data.length;
  },
  onState: (state) => void (state === 'waiting'),
});
openSocket(auth, (token) => `wss://api.example.com/live?token=${token}`, { protocols: (token) => ['v1', String(token)] });
const sent: boolean = socket.send('text');
const ended: Promise<Closed> = openEvents(auth, '/events', { onMessage: ({ type, data }) => void (type + data) }).closed;
reconnect(auth, async ({ token, signal }) => (void [token, signal], { delayMs: 1000 })).close();
// @ts-expect-error a connection has to tell when it ended
reconnect(auth, () => {});

const clock = createClock(0);
const mock = createMockServer({ clock, api: ({ user }) => [user], claims: (user) => ({ roles: [user] }) });
const config: TokenManagerConfig = { refresh: '/refresh', fetch: mock.fetch, clock };
const handler: MockHandler = (call, proceed) => (call.user ? proceed() : call.reply(503, { error: 'down' }, { 'retry-after': '1' }));
mock.on('api', handler, 1);
mock.fail('refresh', { status: 429, headers: { 'retry-after': '30' }, times: 2 });
auth.setTokens(mock.issue('bob')).then(() => Promise.all([idle(auth), clock.advance(1000, auth)]));
// @ts-expect-error there is no such route
mock.count('token');
const unsigned: string = jwt({ sub: 'alice' });

export { config, detach, ended, sent, unsigned };
