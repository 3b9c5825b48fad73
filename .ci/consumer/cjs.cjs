const exercise = require("./exercise.cjs");

Promise.all([exercise(require("tallystick")), exercise(require("tallystick/core"))]).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
