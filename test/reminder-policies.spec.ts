import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../src/config/package-folder.js';
import type { EventView } from '../src/events/event.schemas.js';
import type { Problem } from '../src/http/problem.js';
import type { ReminderView } from '../src/reminders/reminder.schemas.js';
import { ReminderPolicy } from '../src/reminders/reminder-policy.js';
import type { ChangedPolicyView, ReminderPolicyView } from '../src/reminders/reminder-policy.schemas.js';
import type { Answer } from './support/api-client.js';
import { eventually } from './support/eventually.js';
import { DAY, HOUR, MINUTE, SECOND } from './support/settable-clock.js';
import { newClient, TestOtklik } from './support/test-otklik.js';

/** Words that the triage gives each priority. */
const WORDS = { urgent: 'My card was stolen!', normal: 'zxqv wrblk' } as const;

const NORMAL = {
  delays: ['PT1H', 'PT4H', 'PT24H'],
  repeatEvery: 'PT24H',
  escalateAtLevel: 3,
  businessHours: null,
};

const OFFICE = {
  timezone: 'Europe/Riga',
  week: Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri'].map((day) => [day, [['09:00', '17:00']]])),
  holidays: ['2026-12-31'],
};

const otklik = new TestOtklik();

function put<T = ChangedPolicyView>(policy: unknown, priority = 'normal', by = otklik): Promise<Answer<T>> {
  return by.api.send<T>('PUT', `/api/reminder-policies/${priority}`, {
    body: JSON.stringify(policy),
    headers: { 'content-type': 'application/json' },
  });
}

async function change(policy: Record<string, unknown>, by = otklik): Promise<ChangedPolicyView> {
  const { status, body } = await put({ ...NORMAL, ...policy }, 'normal', by);
  expect([status, body]).toEqual([200, expect.anything()]);
  return body;
}

const wait = async (by = otklik) =>
  (await by.accept({ clientId: newClient(), content: WORDS.normal })).conversationId;

const remindersOf = (conversationId: string, status?: string) =>
  otklik.api.all<ReminderView>(
    `/api/reminders?conversationId=${conversationId}${status ? `&status=${status}` : ''}`,
  );

/** Level and time of what is to come, the time as milliseconds from now. */
async function toCome(conversationId: string): Promise<[level: number, from: number][]> {
  const pending = await remindersOf(conversationId, 'pending');
  return pending.map(({ level, scheduledAt }) => [level, Date.parse(scheduledAt) - otklik.clock.now()]);
}

const eventsOf = async (conversationId: string, type: string) =>
  (await otklik.api.all<EventView>(`/api/events?conversationId=${conversationId}&type=${type}`)).map(
    ({ data }) => data,
  );

/** What a worker does with a reminder that is due. */
async function send(conversationId: string, level: number): Promise<void> {
  await otklik.database.execute(
    `update reminders set sent_at = '${otklik.clock.iso()}' where conversation_id = '${conversationId}' and level = ${level}`,
  );
}

beforeAll(() => otklik.start());
afterAll(() => otklik.stop());

describe('a reminder policy', () => {
  it('is changed as a whole, and is shown as it is kept', async () => {
    const week = {
      mon: [
        ['14:00', '18:00'],
        ['09:00', '13:00'],
      ],
      sat: [['22:00', '24:00']],
      tue: [],
    };
    const holidays = ['2027-01-01', '2026-12-31', '2027-01-01'];
    const policy = {
      delays: ['PT0.5S', 'PT15M', 'P2D'],
      repeatEvery: 'P1W',
      escalateAtLevel: 2,
      businessHours: { timezone: 'Asia/Kathmandu', week, holidays },
    };
    const kept = {
      ...policy,
      priority: 'normal',
      businessHours: {
        timezone: 'Asia/Kathmandu',
        week: {
          mon: [
            ['09:00', '13:00'],
            ['14:00', '18:00'],
          ],
          tue: [],
          sat: [['22:00', '24:00']],
        },
        holidays: ['2026-12-31', '2027-01-01'],
      },
    };
    const { status, body } = await put(policy);
    expect([status, body]).toEqual([200, { ...kept, recalculated: { conversations: 0, reminders: 0 } }]);
    const { body: page } = await otklik.api.get<{ data: ReminderPolicyView[] }>('/api/reminder-policies');
    const listed = page.data.find(({ priority }) => priority === 'normal');
    expect(listed).toEqual(kept);
    expect(Object.keys(listed?.businessHours?.week ?? {})).toEqual(['mon', 'tue', 'sat']);
  });

  it('plans what comes in from then on, in business hours', async () => {
    await change({ delays: ['PT1H', 'P1D'], businessHours: OFFICE });
    // It is Saturday, 11:00 in Riga.
    const { reminders } = await otklik.accept({ clientId: newClient(), content: WORDS.normal });
    expect(reminders.map(({ scheduledAt }) => scheduledAt)).toEqual([
      '2026-11-23T08:00:00.000Z',
      '2026-11-26T07:00:00.000Z',
    ]);
    await change({});
  });

  it('does without business hours where they are left out', async () => {
    const { businessHours: _, ...rest } = NORMAL;
    expect((await put(rest)).body).toMatchObject({ ...NORMAL, priority: 'normal' });
  });

  const hours = (more: object) => ({ businessHours: { ...OFFICE, ...more } });

  it.each<[string, object, string, RegExp]>([
    ['no delay', { delays: [] }, 'delays', /one delay at least/],
    [
      'too many',
      { delays: Array.from({ length: 21 }, (_, index) => `PT${index + 1}M`) },
      'delays',
      /at most 20/,
    ],
    ['a delay that is none', { delays: ['PT1H', 'soon'] }, 'delays.1', /ISO 8601 duration .* such as PT15M/],
    ['a delay of months', { delays: ['P1M'] }, 'delays.0', /ISO 8601 duration/],
    ['a delay that is too short', { delays: ['PT0.099S'] }, 'delays.0', /from PT0.1S to P90D/],
    ['a delay that is too long', { delays: ['P91D'] }, 'delays.0', /from PT0.1S to P90D/],
    ['delays that do not grow', { delays: ['PT1H', 'PT60M'] }, 'delays.1', /longer than .* PT1H/],
    ['repeating at once', { repeatEvery: 'PT0S' }, 'repeatEvery', /from PT0.1S to P90D/],
    ['escalating before the first', { escalateAtLevel: 0 }, 'escalateAtLevel', /1 or more/],
    [
      'escalating after the last',
      { repeatEvery: null, escalateAtLevel: 4 },
      'escalateAtLevel',
      /must be 3 or less, or null: .* give repeatEvery/,
    ],
    [
      'an unknown zone',
      hours({ timezone: 'Mars/Olympus' }),
      'businessHours.timezone',
      /such as Europe\/Riga/,
    ],
    ['a distance for a zone', hours({ timezone: '+02:00' }), 'businessHours.timezone', /IANA/],
    ['an unknown day', hours({ week: { funday: [] } }), 'businessHours.week.funday', /not known here/],
    [
      'an unknown time',
      hours({ week: { mon: [['9:00', '25:00']] } }),
      'businessHours.week.mon.0.0',
      /such as 09:00/,
    ],
    [
      'opening at 24:00',
      hours({ week: { mon: [['24:00', '24:00']] } }),
      'businessHours.week.mon.0.0',
      /23:59/,
    ],
    [
      'closing before opening',
      hours({ week: { mon: [['17:00', '09:00']] } }),
      'businessHours.week.mon.0',
      /end after/,
    ],
    [
      'intervals that overlap',
      hours({
        week: {
          mon: [
            ['12:00', '18:00'],
            ['09:00', '13:00'],
          ],
        },
      }),
      'businessHours.week.mon',
      /overlap, as 09:00–13:00 and 12:00–18:00 do/,
    ],
    [
      'an unknown date',
      hours({ holidays: ['2026-02-29'] }),
      'businessHours.holidays.0',
      /a date that exists/,
    ],
    ['no opening hours', hours({ week: {} }), 'businessHours.week', /no reminder would ever come due/],
    [
      'no opening hours on any day',
      hours({ week: { mon: [], sun: [] } }),
      'businessHours.week',
      /ever come due/,
    ],
    [
      'too few opening hours',
      {
        delays: ['PT53M'],
        repeatEvery: null,
        escalateAtLevel: 1,
        ...hours({ week: { mon: [['09:00', '09:01']] } }),
      },
      'businessHours',
      /more open time within the next year than the longest delay/,
    ],
    [
      'too few to repeat',
      { repeatEvery: 'P90D', ...hours({ week: { mon: [['09:00', '10:00']] } }) },
      'businessHours',
      /repeatEvery/,
    ],
  ])('is refused with %s, with the place and what would be right', async (_, policy, path, message) => {
    const { status, body } = await put<Problem>({ ...NORMAL, ...policy });
    expect([status, body]).toEqual([400, expect.objectContaining({ code: 'validation_failed' })]);
    expect(body.errors?.map((fault) => fault.path)).toContain(path);
    expect(body.errors?.find((fault) => fault.path === path)?.message).toMatch(message);
  });

  it('that was stored when one could escalate after its last reminder escalates with that one', async () => {
    await change({ repeatEvery: null });
    await otklik.database.query(
      `update reminder_policies set escalate_at_level = 9 where priority = 'normal'`,
    );
    await otklik.api.post('/api/system/cache/clear', { pattern: 'reminder_policies:*' });
    const { body } = await otklik.api.get<{ data: ReminderPolicyView[] }>('/api/reminder-policies');
    const stored = body.data.find(({ priority }) => priority === 'normal');
    expect(stored).toMatchObject({ repeatEvery: null, escalateAtLevel: 9 });
    if (!stored) return;
    const policy = new ReminderPolicy(stored);
    expect([1, 2, 3].map((level) => policy.escalates(level))).toEqual([false, false, true]);
    expect(await toCome(await wait())).toHaveLength(3);
    await change({});
  });

  it('is there for each priority, and no other', async () => {
    const { status, body } = await put<Problem>(NORMAL, 'huge');
    expect([status, body.errors]).toEqual([
      400,
      [{ path: 'priority', message: 'must be one of low, normal, high, urgent' }],
    ]);
  });
});

describe('docs/reminders.md', () => {
  const text = readFileSync(join(packageFolder(import.meta.url), 'docs/reminders.md'), 'utf8');
  const examples = [...text.matchAll(/^```json\n(.*?)^```/gms)].map(([, json = '']) => JSON.parse(json));

  it('has examples of policies that the server takes, and shows the first of them in its picture', async () => {
    expect(examples).toHaveLength(3);
    for (const example of examples) expect(await put(example)).toMatchObject({ status: 200, body: example });
    const policy = new ReminderPolicy({ priority: 'normal', ...examples[0] });
    const riga = (time: string) => Date.parse(`${time}+02:00`);
    expect([
      ...policy.dueTimes(riga('2026-11-20T15:30')),
      policy.repetition(riga('2026-11-23T11:30')),
      policy.repetition(riga('2026-11-24T11:30')),
    ]).toEqual([...text.matchAll(/milestone, (\S+),/g)].map(([, time = '']) => riga(time)));
  });
});

describe('changing a reminder policy', () => {
  /** Everybody who waited in another test has been answered. */
  beforeEach(async () => {
    await otklik.database.execute("update conversations set waiting_since = null where status <> 'closed'");
    await otklik.database.execute('delete from reminders');
    await change({});
  });

  it('moves what is pending, and says how much', async () => {
    const [first, second] = [await wait(), await wait()];
    const before = await remindersOf(first);
    otklik.clock.advance(10 * MINUTE);
    const { recalculated } = await change({ delays: ['PT30M', 'PT4H', 'PT48H'] });
    expect(recalculated).toEqual({ conversations: 2, reminders: 4 });
    for (const conversation of [first, second]) {
      expect(await toCome(conversation)).toEqual([
        [1, 20 * MINUTE],
        [2, 4 * HOUR - 10 * MINUTE],
        [3, 2 * DAY - 10 * MINUTE],
      ]);
    }
    expect((await remindersOf(first)).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect((await change({ delays: ['PT30M', 'PT4H', 'PT48H'] })).recalculated).toEqual({
      conversations: 0,
      reminders: 0,
    });
  });

  it('adds what is missing and cancels what is too much, with an event', async () => {
    const id = await wait();
    expect((await change({ delays: ['PT1H'] })).recalculated).toEqual({ conversations: 1, reminders: 2 });
    expect(await toCome(id)).toEqual([[1, HOUR]]);
    const cancelled = await eventsOf(id, 'reminder.cancelled');
    expect(cancelled).toHaveLength(2);
    expect(cancelled).toContainEqual({
      reminderId: expect.any(String),
      conversationId: id,
      clientId: expect.any(String),
      level: 2,
      scheduledAt: otklik.clock.iso(4 * HOUR),
      reason: 'policy_changed',
    });
    expect((await change({ delays: ['PT1H', 'PT2H'] })).recalculated).toEqual({
      conversations: 1,
      reminders: 1,
    });
    expect(await toCome(id)).toEqual([
      [1, HOUR],
      [2, 2 * HOUR],
    ]);
    const [, added] = await remindersOf(id, 'pending');
    expect(added).toMatchObject({ kind: 'policy', priority: 'normal', messageId: expect.any(String) });
  });

  it('makes what would have been due already due now, once', async () => {
    const id = await wait();
    otklik.clock.advance(30 * MINUTE);
    await change({ delays: ['PT5M', 'PT20M', 'PT2H'] });
    expect(await toCome(id)).toEqual([
      [2, 0],
      [3, 90 * MINUTE],
    ]);
    expect(await eventsOf(id, 'reminder.cancelled')).toEqual([
      expect.objectContaining({ level: 1, reason: 'policy_changed' }),
    ]);
    otklik.clock.advance(SECOND);
    expect((await change({ delays: ['PT5M', 'PT20M', 'PT2H'] })).recalculated.reminders).toBe(0);
  });

  it('leaves what was sent, and goes on from there', async () => {
    const id = await wait();
    otklik.clock.advance(HOUR);
    await send(id, 1);
    await change({ delays: ['PT2H', 'PT3H', 'PT5H', 'PT6H'] });
    expect(await toCome(id)).toEqual([
      [2, 2 * HOUR],
      [3, 4 * HOUR],
      [4, 5 * HOUR],
    ]);
    expect((await remindersOf(id, 'sent')).map(({ level }) => level)).toEqual([1]);
  });

  it('counts a repetition from the last one that was sent', async () => {
    const id = await wait();
    for (const level of [1, 2]) await send(id, level);
    await change({ delays: ['PT1H', 'PT4H'], repeatEvery: 'PT6H' });
    expect(await toCome(id)).toEqual([[3, 6 * HOUR]]);
    await change({ delays: ['PT1H', 'PT4H'], repeatEvery: 'PT2H' });
    expect(await toCome(id)).toEqual([[3, 2 * HOUR]]);
  });

  it('hands over to the team where nothing would be to come', async () => {
    const id = await wait();
    for (const level of [1, 2]) await send(id, level);
    const { recalculated } = await change({
      delays: ['PT1H', 'PT4H'],
      repeatEvery: null,
      escalateAtLevel: null,
    });
    expect(recalculated).toEqual({ conversations: 1, reminders: 1 });
    expect(await toCome(id)).toEqual([]);
    expect(await eventsOf(id, 'conversation.escalated')).toEqual([
      expect.objectContaining({ conversationId: id, reason: 'policy', level: 2, priority: 'normal' }),
    ]);
    await change({ delays: ['PT1H'], repeatEvery: null, escalateAtLevel: 1 });
    expect(await eventsOf(id, 'conversation.escalated')).toHaveLength(1);
  });

  it('takes a reminder from the worker that has claimed it', async () => {
    const id = await wait();
    await otklik.database.execute(
      `update reminders set leased_until = '${otklik.clock.iso(MINUTE)}', lease_token = 7 where level = 1`,
    );
    await change({ delays: ['PT2H', 'PT4H', 'PT24H'] });
    expect(
      await otklik.database.query(
        `select level, lease_token, leased_until from reminders where conversation_id = '${id}' and level < 3 order by level`,
      ),
    ).toEqual([
      { level: 1, lease_token: 9, leased_until: null },
      { level: 2, lease_token: 0, leased_until: null },
    ]);
  });

  it('is none of the business of those who were answered, of other priorities, and of reminders made by hand', async () => {
    const [answered, waiting] = [await wait(), await wait()];
    await otklik.api.post(`/api/conversations/${answered}/replies`, { content: 'Yes.', author: 'operator' });
    const urgent = await otklik.accept({ clientId: newClient(), content: WORDS.urgent });
    await otklik.database.execute(
      `insert into reminders (id, conversation_id, kind, level, priority, note, scheduled_at, created_at)
       values (gen_random_uuid(), '${waiting}', 'manual', 1, 'normal', 'Call!', '${otklik.clock.iso(7 * HOUR)}', '${otklik.clock.iso()}')`,
    );
    const { recalculated } = await change({ delays: ['PT2H'], repeatEvery: 'PT1H' });
    expect(recalculated).toEqual({ conversations: 1, reminders: 3 });
    expect(await toCome(answered)).toEqual([]);
    expect((await toCome(urgent.conversationId)).map(([, from]) => from)).toEqual([
      5 * MINUTE,
      15 * MINUTE,
      HOUR,
    ]);
    expect(await toCome(waiting)).toEqual([
      [1, 2 * HOUR],
      [1, 7 * HOUR],
    ]);
  });

  it('gives no reminder to those who are answered in the same moment', async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, () => wait()));
    await Promise.all([
      ...ids.map((id) =>
        otklik.api.post(`/api/conversations/${id}/replies`, { content: 'Yes.', author: 'operator' }),
      ),
      ...[2, 3, 4, 5].map((hours) => change({ delays: [`PT${hours}H`, 'PT10H', 'PT20H', 'PT30H'] })),
    ]);
    for (const id of ids) expect(await toCome(id)).toEqual([]);
  });

  it('ends with the policy that was stored last, where several people change it at once', async () => {
    const id = await wait();
    await Promise.all([2, 3, 4, 5].map((hours) => change({ delays: [`PT${hours}H`] })));
    const { body } = await otklik.api.get<{ data: ReminderPolicyView[] }>('/api/reminder-policies');
    const [delay] = body.data.find(({ priority }) => priority === 'normal')?.delays ?? [];
    expect((await toCome(id)).map(([, from]) => `PT${from / HOUR}H`)).toEqual([delay]);
  });

  it('goes through many, a batch at a time', async () => {
    await otklik.database.execute(
      `insert into clients (id, first_seen_at, last_seen_at)
       select 'many-' || n, '${otklik.clock.iso()}', '${otklik.clock.iso()}' from generate_series(1, 1200) n`,
    );
    await otklik.database.execute(
      `insert into conversations (id, client_id, status, priority, channel, opened_at, last_activity_at, waiting_since)
       select gen_random_uuid(), id, 'open', 'normal', 'api', last_seen_at, last_seen_at, last_seen_at
         from clients where id like 'many-%'`,
    );
    expect((await change({})).recalculated).toEqual({ conversations: 1200, reminders: 3600 });
    expect((await change({ delays: ['PT1H', 'PT4H'] })).recalculated).toEqual({
      conversations: 1200,
      reminders: 1200,
    });
  });
});

describe('other processes', () => {
  const worker = new TestOtklik({
    beside: otklik,
    env: { ROLES: 'api,worker', REMINDER_POLICY_CACHE_TTL: 'PT30S' },
  });
  beforeAll(async () => {
    await otklik.database.execute("update conversations set waiting_since = null where status <> 'closed'");
    await change({});
    await worker.start();
  });
  afterAll(() => worker.stop());

  it('plan by their old copy for a few seconds; then a worker makes that right', async () => {
    // Nobody tells the worker, as where it has lost its connection: it still has its copy.
    await otklik.database.query(
      `update reminder_policies set delays = '{PT10M}', updated_at = $1 where priority = 'normal'`,
      [otklik.clock.iso()],
    );
    const id = await wait(worker);
    expect((await toCome(id)).map(([level]) => level)).toEqual([1, 2, 3]);
    otklik.clock.advance(MINUTE);
    await eventually(
      () => toCome(id),
      (reminders) => reminders.length === 1,
    );
    expect(await toCome(id)).toEqual([[1, 9 * MINUTE]]);
    expect((await toCome(await wait(worker))).map(([level]) => level)).toEqual([1]);
  });

  it('sends at once what is due by the new policy', async () => {
    const id = await wait(worker);
    otklik.clock.advance(5 * MINUTE);
    await change({ delays: ['PT2M', 'PT10M'] }, worker);
    const [due] = await eventually(
      () => eventsOf(id, 'reminder.due'),
      ({ length }) => length > 0,
    );
    expect(due).toMatchObject({ level: 1, scheduledAt: otklik.clock.iso() });
    expect(await toCome(id)).toEqual([[2, 5 * MINUTE]]);
  });
});
