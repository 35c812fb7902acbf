import { z } from 'zod';

/** How urgent a message or a conversation is, least urgent first. */
export const PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const;

export type Priority = (typeof PRIORITIES)[number];

export const prioritySchema = z.enum(PRIORITIES).describe('how urgent it is').meta({ id: 'Priority' });
