import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type pg from 'pg';
import { PingingPool } from './pinging-pool.js';

/** A message of PostgreSQL's protocol: its type, its length, its content. */
function message(type: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(content.length + 4);
  return Buffer.concat([Buffer.from(type), length, content]);
}

const WELCOME = message('R', Buffer.alloc(4));
const READY = message('Z', Buffer.from('I'));
const LAST_WORDS = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection\0\0'));

describe('the pool', () => {
  let server: Server;
  let pool: PingingPool;

  /** Serves connections as PostgreSQL does when it is killed: it greets and says goodbye in one breath. */
  beforeAll(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(Buffer.concat([WELCOME, READY, LAST_WORDS])));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    pool = new PingingPool({ host: '127.0.0.1', port: portOf(server), user: 'otklik', max: 1 });
    pool.on('error', () => undefined);
  });

  afterAll(async () => {
    await pool.end();
    server.close();
  });

  it('survives a connection that dies in the moment it is handed out, and its borrower is told', async () => {
    const client: pg.PoolClient = await pool.connect();
    await expect(client.query('select 1')).rejects.toThrow(/not queryable|terminated/);
    client.release(true);
  });

  it('has ended when its connections have, however slowly the server lets them go', async () => {
    const saysGoodbye = Promise.withResolvers<Socket>();
    const slow = createServer({ allowHalfOpen: true }, (socket) => {
      socket.once('data', () => {
        socket.write(Buffer.concat([WELCOME, READY]));
        socket.once('data', () => saysGoodbye.resolve(socket));
      });
    }).listen(0, '127.0.0.1');
    await once(slow, 'listening');
    const leaving = new PingingPool({ host: '127.0.0.1', port: portOf(slow), user: 'otklik', max: 1 });
    (await leaving.connect()).release();
    let hasEnded = false;
    const ending = leaving.end().then(() => {
      hasEnded = true;
    });
    const socket = await saysGoodbye.promise;
    expect(hasEnded).toBe(false);
    socket.end();
    await ending;
    slow.close();
  });

  describe('of a server that hangs', () => {
    let hanging: Server;
    const sockets: Socket[] = [];
    beforeAll(async () => {
      hanging = createServer({ allowHalfOpen: true }, (socket) => {
        sockets.push(socket.on('error', () => undefined));
        socket.once('data', () => socket.write(Buffer.concat([WELCOME, READY])));
      }).listen(0, '127.0.0.1');
      await once(hanging, 'listening');
    });
    afterAll(() => {
      for (const socket of sockets) socket.destroy();
      hanging.close();
    });

    const poolToIt = (pingAfter = Number.POSITIVE_INFINITY) =>
      new PingingPool({ host: '127.0.0.1', port: portOf(hanging), user: 'otklik', max: 2, pingAfter });

    it('hands out another connection where one that lay idle gives no sign of life', async () => {
      const tested = poolToIt(0);
      const silent = await tested.connect();
      silent.release();
      const another = await tested.connect();
      expect([another === silent, tested.totalCount]).toEqual([false, 1]);
      another.release();
      await tested.end();
    });

    it('hands out none that was dropped while it lay idle', async () => {
      const tested = poolToIt(60_000);
      const dropped = await tested.connect();
      dropped.release();
      tested.drop();
      const another = await tested.connect();
      expect(another === dropped).toBe(false);
      another.release();
      await tested.end();
    });

    it('does not wait for a farewell that never comes', async () => {
      const leaving = poolToIt();
      (await leaving.connect()).release();
      await leaving.end();
      expect(leaving.totalCount).toBe(0);
    });

    it('that is cut off ends what runs, and has no more connections', async () => {
      const leaving = poolToIt();
      const client = await leaving.connect();
      const endless = expect(client.query('select 1')).rejects.toThrow('Connection terminated');
      leaving.cutOff();
      await endless;
      client.release();
      await expect(leaving.connect()).rejects.toThrow('after calling end');
      await leaving.end();
    });
  });
});

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
