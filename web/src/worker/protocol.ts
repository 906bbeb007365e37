// SPDX-License-Identifier: Apache-2.0
import { type ErrorCode, SimileError } from '../errors.js';

/** Between a page and its worker. A call has a number; all messages of a call are in order. @internal */
export type ToThread =
  /** Data that comes before a call, in pieces that are copied without blocking the page. */
  | { readonly call: number; readonly piece: unknown }
  | { readonly call: number; readonly method: string; readonly args: readonly unknown[]; readonly reports: boolean }
  | { readonly call: number; readonly abort: true }
  /** What the page answers to a question of the worker. */
  | { readonly question: number; readonly value?: unknown; readonly error?: WireError };

/** @internal */
export type ToPage =
  | { readonly call: number; readonly value: unknown; readonly state?: unknown }
  | { readonly call: number; readonly error: WireError }
  | { readonly call: number; readonly progress: unknown }
  /** One of several pieces of a large answer. */
  | { readonly call: number; readonly part: unknown }
  /** Something has changed that nobody has asked for just now. */
  | { readonly event: string; readonly value?: unknown; readonly error?: WireError; readonly state?: unknown }
  | { readonly question: number; readonly value: unknown; readonly stop?: true };

/** A SimileError, or what else was thrown, as a message carries it. @internal */
export interface WireError {
  readonly code: ErrorCode | undefined;
  readonly name: string;
  readonly message: string;
}

/** @internal */
export function toWire(error: unknown): WireError {
  if (!(error instanceof Error)) return { code: undefined, name: 'Error', message: String(error) };
  const code = error.name === 'SimileError' ? (error as SimileError).code : undefined;
  return { code, name: error.name, message: error.message };
}

/** @internal */
export function fromWire({ code, name, message }: WireError, cause?: unknown): Error {
  const options = cause === undefined ? undefined : { cause };
  if (code !== undefined) return new SimileError(code, message, options);
  const error = new Error(message, options);
  error.name = name;
  return error;
}
