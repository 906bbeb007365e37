// SPDX-License-Identifier: Apache-2.0
// The conformance operations that the package can do: decoded input in, an object of results out.

import { calibration } from './calibration-operation.mjs';
import { attribution, composed, fusion } from './composed-operations.mjs';

/** @param names - of the kernels for floats and for int8 @param field - of the result */
const pair =
  (field, [floats, codes]) =>
  (core, { type, x, y }) => {
    if (type === 'i8') return { [field]: core[codes](Int8Array.from(x), Int8Array.from(y)) };
    return { [field]: core[floats](x, y) };
  };

export const operations = {
  'similarity/dot': pair('dot', ['dot', 'dotI8']),
  'similarity/cosine': pair('cosine', ['cosine', 'cosineI8']),
  'similarity/squared_l2': pair('squared_l2', ['squaredL2', 'squaredL2I8']),
  'similarity/hamming': (core, { x, y }) => ({ hamming: core.hamming(Uint8Array.from(x), Uint8Array.from(y)) }),
  'compose/composed': (_core, input, expected) => composed(input, expected),
  'explain/attribution': (_core, input, expected) => attribution(input, expected),
  'score/calibration': (_core, input) => calibration(input),
  'score/fusion': (_core, input) => fusion(input),
  'quantize/planes': (core, { x, q }) => {
    const { codes, factors, estimates } = core.planes(x, q);
    return { codes: [...codes], factors: [...factors], ...(estimates && { estimates: [...estimates] }) };
  },
};
