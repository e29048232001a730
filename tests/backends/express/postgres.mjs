// A private PostgreSQL cluster that lives and ends with the backend.
import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Service, freePort, run } from '../launcher.mjs';

const DEBIAN = '/usr/lib/postgresql';
const NAME = 'evertoken';

/** The folder of the newest server programs. */
async function binaries() {
  if (process.env.PG_BIN) return process.env.PG_BIN;
  const versions = (await readdir(DEBIAN).catch(() => [])).filter((name) => /^\d+$/.test(name));
  if (versions.length === 0) {
    throw new Error(`found no PostgreSQL server in ${DEBIAN}: apt-get install postgresql, or set PG_BIN to its bin folder`);
  }
  return join(DEBIAN, String(Math.max(...versions.map(Number))), 'bin');
}

/** PostgreSQL refuses to run as root; Debian's package brings a user for it. */
async function identity() {
  if (process.getuid() !== 0) return {};
  for (const line of (await readFile('/etc/passwd', 'utf8')).split('\n')) {
    const [user, , uid, gid] = line.split(':');
    if (user === 'postgres') return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error('running as root, and /etc/passwd has no user "postgres" that the server could run as');
}

/** Makes the cluster where there is none yet, starts it and gives its URL. */
export async function startPostgres({ data, env, own, fail }) {
  const bin = await binaries();
  const as = await identity();
  const home = join(data, 'postgres');
  const cluster = join(home, 'cluster');
  const passwordFile = join(home, 'password');
  await mkdir(home, { recursive: true, mode: 0o700 });
  if (as.uid !== undefined) await chown(home, as.uid, as.gid);

  const fresh = !(await readdir(cluster).catch(() => [])).includes('PG_VERSION');
  if (fresh) {
    await writeFile(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
    if (as.uid !== undefined) await chown(passwordFile, as.uid, as.gid);
    await run(
      join(bin, 'initdb'),
      ['-D', cluster, '-U', NAME, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'],
      { cwd: home, env, ...as },
    );
  }
  const password = await readFile(passwordFile, 'utf8');
  const port = await freePort();
  const logFile = join(home, 'server.log');
  await (await open(logFile, 'w')).close();
  if (as.uid !== undefined) await chown(logFile, as.uid, as.gid);

  const server = new Service({
    name: 'postgres',
    logFile,
    signal: 'SIGINT', // "fast shutdown": ends the clients' sessions instead of waiting for them
    describe: () => ({
      command: join(bin, 'postgres'),
      // Nothing here outlives the cluster, so nothing has to reach the disk.
      args: ['-D', cluster, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-c', 'fsync=off', '-c', 'shared_buffers=16MB'],
      cwd: home,
      env,
      ...as,
    }),
    ready: async () => (await readFile(logFile, 'utf8')).includes('database system is ready to accept connections'),
    onDeath: fail,
  });
  own(() => server.stop());
  await server.start();
  return `postgres://${NAME}:${password}@127.0.0.1:${port}/postgres`;
}
