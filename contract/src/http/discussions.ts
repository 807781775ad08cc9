/** [E1] Talk about a course between those who take it and those who teach it. */
import { z } from 'zod';
import { id, instant } from '../domain.ts';
import { pageOf, pageQuery } from './page.ts';
import { defineRoutes } from './route.ts';

const byId = z.object({ id });
const title = z.string().trim().min(1).max(120);
const text = z.string().trim().min(1).max(4_000);

export const discussionThread = z.object({
  id,
  title: z.string(),
  /** Masked of a fellow learner. */
  author: z.string(),
  own: z.boolean(),
  at: instant,
  lastAt: instant,
  posts: z.int().positive(),
  /** Somebody who teaches the course has said something in it. */
  answered: z.boolean(),
});
export type DiscussionThread = z.infer<typeof discussionThread>;

export const discussionPost = z.object({
  id,
  author: z.string(),
  own: z.boolean(),
  asTeacher: z.boolean(),
  /** Null once it was deleted. */
  text: z.string().nullable(),
  at: instant,
  /** Whether who reads may delete it. */
  mayDelete: z.boolean(),
});
export type DiscussionPost = z.infer<typeof discussionPost>;

export const discussionRoutes = defineRoutes({
  listThreads: {
    method: 'GET',
    path: '/api/courses/:id/threads',
    tag: 'courses',
    access: 'session',
    summary: '[E1] What is discussed about a course, the latest word first.',
    params: byId,
    query: pageQuery,
    reply: pageOf(discussionThread),
  },
  openThread: {
    method: 'POST',
    path: '/api/courses/:id/threads',
    tag: 'courses',
    access: 'session',
    summary: '[E1] Begin a discussion. What is forbidden to say is stopped before anybody sees it.',
    params: byId,
    body: z.object({ title, text }),
    reply: z.object({ id }),
  },
  readThread: {
    method: 'GET',
    path: '/api/threads/:id',
    tag: 'courses',
    access: 'session',
    summary: '[E1] A discussion from its beginning; at most its first thousand posts.',
    params: byId,
    reply: z.object({ title: z.string(), posts: z.array(discussionPost) }),
  },
  replyToThread: {
    method: 'POST',
    path: '/api/threads/:id/posts',
    tag: 'courses',
    access: 'session',
    summary: '[E1] Say something in a discussion; who began it is told when a teacher answers.',
    params: byId,
    body: z.object({ text }),
  },
  deletePost: {
    method: 'DELETE',
    path: '/api/posts/:id',
    tag: 'courses',
    access: 'session',
    summary: 'Take back what one said, or what should not stand in a course one teaches.',
    params: byId,
  },
});
