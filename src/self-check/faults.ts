/** What must not be, and what the self-check does about it. */
export const FAULTS = {
  forgotten_conversation: 'An open conversation waited with neither a pending reminder nor an escalation.',
  stuck_lease: 'A due reminder was leased for longer than any worker asks for.',
  abandoned_claim: 'An escalation was claimed by nobody, or for good.',
  reminder_of_closed: 'A reminder was pending for a conversation that is closed.',
  escalation_of_closed: 'A conversation that is closed still stood in the queue.',
} as const;

export type Fault = keyof typeof FAULTS;

/** How many were found and repaired. */
export type FaultCounts = Readonly<Record<Fault, { readonly found: number; readonly repaired: number }>>;

/** None of any. */
export function noFaults(): Record<Fault, { found: number; repaired: number }> {
  const kinds = Object.keys(FAULTS) as Fault[];
  return Object.fromEntries(kinds.map((kind) => [kind, { found: 0, repaired: 0 }])) as Record<
    Fault,
    { found: number; repaired: number }
  >;
}
