import type { DataSource } from 'typeorm';
import { ClaimRepository } from '../src/escalations/claim.repository.js';
import { EscalationRepository } from '../src/escalations/escalation.repository.js';
import { OutboxSignal } from '../src/events/outbox-signal.js';
import { listsOf } from './support/lists-of.js';
import { TestDatabase } from './support/test-database.js';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

const QUEUE = 'ix_escalations_queue';
const EXPIRY = 'ix_escalations_claim_expires';

const AT = new Date('2026-11-21T09:00:00.000Z');
const ID = '019aa5c6-7b40-7c3e-9d51-2f6a8b1c4e70';

describe('the way to the escalations, after 200,000 that are resolved', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await TestDatabase.create();
    await database.execute(`
      -- without foreign keys: the conversations would only take time
      set session_replication_role = replica;
      insert into escalations (id, conversation_id, priority, reason, created_at, resolved_at, resolution)
      select uuid_v7(at), gen_random_uuid(), (enum_range(null::priority))[n % 4 + 1], 'policy', at, at, 'replied'
        from generate_series(1, 200000) n, lateral (select timestamptz '2026-01-01' + n * interval '10 seconds') as time (at);
      insert into escalations (id, conversation_id, priority, reason, created_at, operator_id, claimed_at, claim_expires_at)
      select uuid_v7(at), gen_random_uuid(), (enum_range(null::priority))[n % 4 + 1], 'policy', at,
             case when n % 10 = 0 then 'maria' end, case when n % 10 = 0 then at end,
             case when n % 10 = 0 then at + interval '30 minutes' end
        from generate_series(1, 10000) n, lateral (select timestamptz '2026-11-20' + n * interval '10 seconds') as time (at);
      insert into conversations (id, client_id, status, priority, channel, opened_at, last_activity_at)
      select conversation_id, id, 'open', priority, 'api', created_at, created_at from escalations limit 100000;
      reset session_replication_role;
      analyze escalations, conversations`);
  }, 120_000);
  afterAll(() => database.drop());

  /** How PostgreSQL would do what the work asks for. */
  async function planOf(work: (dataSource: DataSource) => Promise<unknown>): Promise<PlanNode[]> {
    const roots: PlanNode[] = [];
    const explain = async (sql: string, parameters: unknown[]) => {
      const [answer] = await database.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
        `explain (format json) ${sql}`,
        parameters,
      );
      roots.push(...(answer?.['QUERY PLAN'] ?? []).map(({ Plan }) => Plan));
      return [];
    };
    await work({ query: explain } as unknown as DataSource);
    const withParts = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(withParts)];
    return roots.flatMap(withParts);
  }

  const ofQueue = (nodes: readonly PlanNode[]) =>
    nodes.filter((node) => node['Relation Name'] === 'escalations' && node['Node Type'].endsWith('Scan'));

  const claims = (dataSource: DataSource) => new ClaimRepository(dataSource, new OutboxSignal());
  const entries = (dataSource: DataSource) => new EscalationRepository(dataSource, listsOf(dataSource));
  const cursor = Buffer.from(JSON.stringify(['high', AT.toISOString(), ID])).toString('base64url');

  it.each<
    [what: string, work: (dataSource: DataSource) => Promise<unknown>, indexes: string[], sorts: boolean]
  >([
    ['the next to claim', (data) => claims(data).claim('maria', AT, AT), [QUEUE, 'pk_escalations'], false],
    ['a release', (data) => claims(data).release(ID, AT), ['pk_escalations'], true],
    ['what has expired', (data) => claims(data).expire(AT, 200), [EXPIRY, 'pk_escalations'], true],
    ['what expires next', (data) => claims(data).nextExpiry(AT), [EXPIRY], false],
    ['an entry', (data) => entries(data).findById(ID), ['pk_escalations'], false],
    ['the queue', (data) => entries(data).list({ limit: 50 }, String), [QUEUE], false],
    [
      'those that wait',
      (data) => entries(data).list({ limit: 50, status: 'waiting' }, String),
      [QUEUE],
      false,
    ],
    ['the rest of the queue', (data) => entries(data).list({ limit: 50, cursor }, String), [QUEUE], true],
    [
      'the rest of those that wait',
      (data) => entries(data).list({ limit: 50, cursor, status: 'waiting' }, String),
      [QUEUE],
      true,
    ],
  ])('is its index: %s', async (_what, work, indexes, maySort) => {
    const nodes = await planOf(work);
    const scans = ofQueue(nodes);
    expect(scans.filter((node) => !/^Index/.test(node['Node Type']))).toEqual([]);
    expect(new Set(scans.map((node) => node['Index Name']))).toEqual(new Set(indexes));
    const others = nodes.filter((node) => node['Node Type'] === 'Seq Scan');
    expect(others).toEqual([]);
    if (!maySort) expect(nodes.map((node) => node['Node Type'])).not.toContain('Sort');
  });
});
