import type { Static, TSchema } from '@sinclair/typebox';
import type { QueueName } from '../deployment/declaration.ts';

/** A method that others may cast or call; both ends check its schemas. */
export interface Method<A extends TSchema = TSchema, R extends TSchema = TSchema> { queue: QueueName; name: string; args: A; result: R | undefined }

/** Where the answer to a call arrives: a named handler on the caller's own queue, with the caller's passback. */
export interface ReplyHandler<R extends TSchema = TSchema, P extends TSchema = TSchema> { queue: QueueName; name: string; result: R; passback: P }

type Declared = Record<string, { args: TSchema; result?: TSchema }>;
type Replies = Record<string, { to: Method; passback: TSchema }>;

export type Topic<D extends Declared = Declared, P extends Replies = Replies> = {
  queue: QueueName;
  methods: { [K in keyof D]: Method<D[K]['args'], D[K]['result'] extends TSchema ? D[K]['result'] : TSchema> };
  replies: { [K in keyof P]: ReplyHandler<NonNullable<P[K]['to']['result']>, P[K]['passback']> };
};

/** Declares what a queue understands: methods, and answers to this topic's own calls. */
export function topic<D extends Declared, P extends Replies = {}>(queue: QueueName, methods: D, replies: P = {} as P): Topic<D, P> {
  return {
    queue,
    methods: Object.fromEntries(Object.entries(methods).map(([name, m]) => [name, { queue, name, args: m.args, result: m.result }])) as never,
    replies: Object.fromEntries(
      Object.entries(replies).map(([name, r]) => {
        if (!r.to.result) throw new Error(`${r.to.queue}.${r.to.name} is a cast: nothing answers it`);
        return [name, { queue, name, result: r.to.result, passback: r.passback }];
      }),
    ) as never,
  };
}

export type Args<M> = M extends Method<infer A, any> ? Static<A> : never;
export type Result<M> = M extends Method<any, infer R> ? Static<R> : never;

/** A callee's error as data, as the caller's handler gets it. */
export interface RpcError { type: string; message: string }
export type Answer<T> = { result: T; error?: undefined } | { result?: undefined; error: RpcError };
