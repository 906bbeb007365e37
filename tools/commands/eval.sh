# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#: eval       Says how well a search finds what people judged to be right.
#:
#:   ./dev eval CORPUS.npy QUERIES.npy QRELS [--k 10] [--codec f32]   nDCG, recall, MRR, MAP and more, with their intervals
#:   ... --against CODEC                                             two codecs on the same queries, with a paired test
#:   ... --bank BANK.npy --correct nnn|is|csls [--dynamic]           scores as they are, and corrected for hubs
#:
#: QRELS: lines of TREC (query 0 row gain), or a JSON list with an object {"row": gain} for each query; all counted from 0.

run() {
  need_tools
  build_preset release simile_example_evaluate
  build/release/examples/evaluate "$@"
}
