// The same as stamp_target.c for `node --watch`, which runs scripts only, and watches what they
// require:
//
//     node stamp_target.js FIFO FILE...
//
// Its first line is where node, which takes its time to get there, gives it the processor.
const now = process.hrtime.bigint();  // CLOCK_MONOTONIC

const [fifo, ...watched] = process.argv.slice(2);
require('fs').writeFileSync(fifo, `${now}\n`);
for (const file of watched) require(file);
setInterval(() => {}, 1 << 30);
