const exercise = require("./exercise.cjs");

test("the package works under Jest, which loads CommonJS into a world of its own", () =>
  exercise(require("tallystick")));
