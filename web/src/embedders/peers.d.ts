// SPDX-License-Identifier: Apache-2.0
// The parts of optional peers that are used. They have types of their own, which need not be here to build the package.

declare module '@huggingface/transformers' {
  export const pipeline: unknown;
}

declare module '@tensorflow/tfjs-core' {
  export function env(): { set(name: string, value: boolean): void };
  export function setBackend(name: string): Promise<boolean>;
  export function ready(): Promise<void>;
  export function tensor1d(values: number[], dtype: 'int32'): unknown;
  export function tensor2d(values: number[], shape: [number, number], dtype: 'int32'): unknown;
}

declare module '@tensorflow/tfjs-converter' {
  export function loadGraphModel(source: { load(): Promise<unknown> }): Promise<unknown>;
}

declare module '@tensorflow/tfjs-backend-wasm' {
  export function setWasmPaths(folder: string): void;
}

declare module 'hyparquet' {
  export function parquetReadObjects(options: { file: unknown }): Promise<Record<string, unknown>[]>;
}

declare module 'hyparquet-writer' {
  export function parquetWriteBuffer(options: { columnData: unknown; schema: unknown }): ArrayBuffer;
}
