import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { RoutineCalls } from '../database/routine-calls.js';
import { readRoutine } from '../database/routines.js';
import { GROWTH } from './durations.js';

/** Counts events; runs inside PostgreSQL. */
export const COUNT_EVENTS_ROUTINE = readRoutine('count_events', 'statistics/count-events.sql');

/** What became of a batch. */
export interface Counted {
  /** How many events were passed. */
  readonly events: number;
  /** How many tallies were taken away. */
  readonly tallies: number;
  /** The number before which it stopped, for that event may be committed later. */
  readonly gap: { readonly missing: number; readonly seen: number } | undefined;
}

interface CountedRow {
  readonly events: number;
  readonly tallies: number;
  readonly missing: string | null;
  readonly seen: string | null;
}

/** How far events were counted, and what stands open there. */
export interface Standing {
  /** When the last one that was counted happened. */
  readonly countedUntil: Date | null;
  /** Another one whenever anything was counted, or added up. */
  readonly revision: string;
  readonly open: number;
  readonly waiting: number;
  readonly escalated: number;
}

/** How often something happened. */
export interface Amount {
  readonly measure: string;
  readonly label: string;
  readonly amount: number;
}

/** The counts of all hours, and whoever makes them. */
@Injectable()
export class StatisticsRepository {
  constructor(
    private readonly routines: RoutineCalls,
    private readonly dataSource: DataSource,
  ) {}

  /**
   * Counts the events that come next, in one transaction.
   *
   * @param decided up to which position what is missing will never come
   * @returns undefined where another worker is at it
   */
  async count(limit: number, decided: number): Promise<Counted | undefined> {
    const [row] = await this.routines.call<CountedRow>(COUNT_EVENTS_ROUTINE, [limit, decided, GROWTH]);
    if (!row) return undefined;
    const { events, tallies, missing, seen } = row;
    const gap =
      missing === null || seen === null ? undefined : { missing: Number(missing), seen: Number(seen) };
    return { events, tallies, gap };
  }

  /**
   * Adds the hours of the next day up that is over before the given time.
   *
   * @returns whether there was one
   */
  async addUpDay(before: Date): Promise<boolean> {
    return this.dataSource.transaction(async (tx) => {
      const [day]: { from: Date; to: Date }[] = await tx.query(
        `select days.from, days.from + interval '24 hours' as to
           from (select coalesce(days_until,
                                 (select date_trunc('day', min(hour), 'UTC') from statistics_hours)) as from
                   from statistics_follower
                    for update skip locked) days
          where days.from + interval '24 hours' <= $1`,
        [before],
      );
      if (!day) return false;
      await tx.query(
        `with hours as (
           delete from statistics_hours where hour > $1 and hour < $2 returning measure, label, amount
         )
         insert into statistics_hours as day (hour, measure, label, amount)
         select $1::timestamptz, measure, label, sum(amount) from hours group by measure, label
         on conflict (hour, measure, label) do update set amount = day.amount + excluded.amount`,
        [day.from, day.to],
      );
      await tx.query('update statistics_follower set days_until = $1, revision = revision + 1', [day.to]);
      return true;
    });
  }

  async standing(): Promise<Standing> {
    const [row] = await this.dataSource.query(
      `select counted_until as "countedUntil", revision, open::float8 as open, waiting::float8 as waiting,
              escalated::float8 as escalated
         from statistics_follower`,
    );
    return row;
  }

  /** What was counted from one hour to another, the latter excluded. */
  amounts(since: Date, until: Date): Promise<Amount[]> {
    return this.dataSource.query(
      `select measure, label, sum(amount)::float8 as amount
         from statistics_hours
        where hour >= $1 and hour < $2
        group by measure, label
        order by measure, amount desc, label`,
      [since, until],
    );
  }
}
