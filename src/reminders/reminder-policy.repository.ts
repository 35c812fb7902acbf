import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Priority } from '../conversations/priority.js';
import { WEEKDAYS } from './business-hours/opening-rules.js';
import type { ReminderPolicyView } from './reminder-policy.schemas.js';

/** A policy, with when it was last changed. */
export interface StoredPolicy {
  readonly view: ReminderPolicyView;
  readonly updatedAt: Date;
}

const COLUMNS = `priority, delays, repeat_every as "repeatEvery", escalate_at_level as "escalateAtLevel",
                 business_hours as "businessHours", updated_at as "updatedAt"`;

type Row = ReminderPolicyView & { readonly updatedAt: Date };

/** The table of reminder policies: one row for each priority. */
@Injectable()
export class ReminderPolicyRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** The policies, most urgent first. */
  async list(): Promise<StoredPolicy[]> {
    const rows: Row[] = await this.dataSource.query(
      `select ${COLUMNS} from reminder_policies order by priority desc`,
    );
    return rows.map(stored);
  }

  /** A policy that nobody changes until the transaction ends. */
  hold(tx: EntityManager, priority: Priority): Promise<StoredPolicy> {
    return this.lock(tx, priority, 'share');
  }

  /** A policy that is about to be changed. */
  holdForChange(tx: EntityManager, priority: Priority): Promise<StoredPolicy> {
    return this.lock(tx, priority, 'no key update');
  }

  private async lock(tx: EntityManager, priority: Priority, lock: string): Promise<StoredPolicy> {
    const rows: Row[] = await tx.query(
      `select ${COLUMNS} from reminder_policies where priority = $1 for ${lock}`,
      [priority],
    );
    const [policy] = rows.map(stored);
    if (!policy) throw new Error(`There is no reminder policy for ${priority}.`);
    return policy;
  }

  async update(tx: EntityManager, policy: ReminderPolicyView, at: Date): Promise<void> {
    await tx.query(
      `update reminder_policies
          set delays = $2, repeat_every = $3, escalate_at_level = $4, business_hours = $5, updated_at = $6
        where priority = $1`,
      [
        policy.priority,
        policy.delays,
        policy.repeatEvery,
        policy.escalateAtLevel,
        policy.businessHours && JSON.stringify(policy.businessHours),
        at,
      ],
    );
  }
}

function stored({ updatedAt, ...view }: Row): StoredPolicy {
  return { view: { ...view, businessHours: inOrder(view.businessHours) }, updatedAt };
}

/** PostgreSQL sorts the keys of jsonb by their length; people read a week from Monday on. */
function inOrder(hours: ReminderPolicyView['businessHours']): ReminderPolicyView['businessHours'] {
  if (!hours) return null;
  const days = WEEKDAYS.flatMap((day) => (hours.week[day] ? [[day, hours.week[day]]] : []));
  return { timezone: hours.timezone, week: Object.fromEntries(days), holidays: hours.holidays };
}
