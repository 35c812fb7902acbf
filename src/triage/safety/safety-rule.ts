import { z } from 'zod';

/** What a safety rule may be about. */
export const DANGERS = ['theft', 'fraud', 'money gone', 'danger to life', 'danger to health'] as const;

const phrase = z.string().min(1);

export const safetyRuleSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  language: z.enum(['en', 'ru']),
  about: z.enum(DANGERS),
  category: z.string().min(1),
  /** Any of these in a sentence makes the message urgent; see phrase-pattern.ts for how they are written. */
  patterns: z.array(phrase).min(1),
  /** Unless any of these is in the same sentence. */
  unless: z.array(phrase),
  /** Messages that this rule must make urgent, and messages that it must leave alone. */
  catches: z.array(phrase).min(1),
  ignores: z.array(phrase).min(1),
});

export const safetyRulesSchema = z.strictObject({
  /** Words that patterns name together as {name}. */
  groups: z.record(z.string().regex(/^[a-z-]+$/), phrase),
  rules: z.array(safetyRuleSchema).superRefine((rules, context) => {
    const ids = rules.map(({ id }) => id);
    for (const id of ids.filter((one, index) => ids.indexOf(one) !== index)) {
      context.addIssue({ code: 'custom', message: `Two rules are called "${id}"` });
    }
  }),
});

/** Which messages are urgent whatever the model thinks; see safety-rules.json. */
export type SafetyRule = z.infer<typeof safetyRuleSchema>;
export type SafetyRulesFile = z.infer<typeof safetyRulesSchema>;
