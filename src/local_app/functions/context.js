// What a function finds around itself: `context`, `console`, and clear words for what this App does not have (section 13.1).
//
// Evaluates to a function that makes another one, which runs the function `host.name` of the App and hands the outcome to
// `host.done` or `host.fail`, at once or when the promise settles. What is told of a failure does not go through anything
// that the function can have changed.
(function ({ EJSON, BSON, canonicalText }) {
  const { Error, Function, Object, Promise, RangeError, String, TypeError, WeakMap } = globalThis;
  const { apply, get: read } = Reflect;
  const { then } = Promise.prototype;
  const { slice, toWellFormed } = String.prototype;
  const { get: found, has: isThere, set: put } = WeakMap.prototype;
  /** A text that can leave the engine: bounded, and with no half of a surrogate pair, which UTF-8 has no form for. */
  const cut = (text, length) =>
    apply(toWellFormed, text.length > length ? apply(slice, text, [0, length]) : text, []);

  return function (host) {
    const DEEPEST_CALL = 16;
    const LONGEST_MESSAGE = 4096;
    const LONGEST_NAME = 1000;
    const input = EJSON.parse(host.input);

    // Time is the App's: its clock can be moved. It goes on while the function runs.
    const RealDate = Date;
    const offset = input.now.getTime() - RealDate.now();
    const now = () => RealDate.now() + offset;
    globalThis.Date = new Proxy(RealDate, {
      construct: (target, args, type) =>
        Reflect.construct(target, args.length === 0 ? [now()] : args, type === Date ? target : type),
      apply: (target) => new target(now()).toString(),
      get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
    });
    Object.defineProperty(RealDate.prototype, "constructor", { value: Date, writable: true, configurable: true });

    const absent = (what) => {
      throw new Error(`${what} is not there: this local App does not have it yet`);
    };
    const lacking = (object, prefix, names) => {
      for (const name of names) {
        Object.defineProperty(object, name, { get: () => absent(prefix + name), configurable: true });
      }
      return object;
    };

    const shown = (value) => {
      if (typeof value === "string") return value;
      if (typeof value !== "object" || value === null) return String(value);
      if (value instanceof Error) return `${value.name}: ${value.message}`;
      try { return EJSON.stringify(value); } catch { return String(value); }
    };
    const console = {};
    let lines = 0;
    for (const level of ["log", "info", "debug", "warn", "error"]) {
      console[level] = (...values) => {
        lines += 1;
        if (lines < host.logLines) host.log(cut(values.map(shown).join(" "), host.logLineLength * 2));
        if (lines === host.logLines) host.log("(further lines are left out)");
      };
    }

    /** The entry point of a function of the App; each is compiled anew, and shares no variables with another. */
    const entry = (name, context) => {
      const source = host.source(name);
      if (source === undefined) throw new Error(`function not found: '${name}'`);
      const exports = new Function("context", "exports", `${source}\n;return exports;`)(context);
      if (typeof exports !== "function") {
        throw new TypeError(`function '${name}' does not assign a function to 'exports'`);
      }
      return exports;
    };

    /** Which function of the App threw an object, as far as that is known. */
    const throwers = new WeakMap();
    const note = (thrown, name) => {
      const canBeNoted = (typeof thrown === "object" && thrown !== null) || typeof thrown === "function";
      if (canBeNoted && !apply(isThere, throwers, [thrown])) apply(put, throwers, [thrown, name]);
    };
    const call = (name, context, args) => {
      try {
        const result = entry(name, context)(...args);
        if (result instanceof Promise) apply(then, result, [undefined, (thrown) => note(thrown, name)]);
        return result;
      } catch (thrown) {
        note(thrown, name);
        throw thrown;
      }
    };

    /** The `context` of a function that was called by `depth` others. */
    const contextAt = (depth) => lacking({
      user: input.user,
      app: input.app,
      request: input.request,
      environment: input.environment,
      runningAsSystem: () => input.system,
      values: { get: (name) => (Object.hasOwn(input.values, name) ? input.values[name] : undefined) },
      functions: {
        execute: (name, ...args) => {
          if (depth >= DEEPEST_CALL) throw new RangeError(`functions call each other more than ${DEEPEST_CALL} deep`);
          return call(cut(String(name), LONGEST_NAME), contextAt(depth + 1), args);
        },
      },
    }, "context.", ["services", "http"]);

    Object.assign(globalThis, { EJSON, BSON, console });
    globalThis.utils = lacking({}, "utils.", ["crypto", "jwt"]);
    globalThis.require = (module) => absent(`the module '${module}'`);
    for (const name of ["setTimeout", "setInterval", "setImmediate"]) globalThis[name] = () => absent(name);

    const fail = (thrown) => {
      // What the engine throws when it has no memory left even for an error. A function can throw it, too.
      if (thrown === null) return host.failWithNull();
      let name = "Error";
      let message;
      let stack = "";
      let thrower = host.name;
      try {
        const isObject = typeof thrown === "object";
        if (isObject) thrower = apply(found, throwers, [thrown]) ?? thrower;
        if (isObject && "message" in thrown) {
          message = String(thrown.message);
          name = cut(String(read(thrown, "name") || name), 100);
          stack = cut(String(read(thrown, "stack") ?? ""), LONGEST_MESSAGE);
        } else {
          message = shown(thrown);
        }
      } catch {
        message = "the thrown value cannot be shown";
      }
      host.fail(name, cut(message, LONGEST_MESSAGE), stack, thrower);
    };
    const done = (value) => {
      if (typeof value === "string" && value.length > host.longestResult / 2) throw new RangeError(host.tooLong);
      const text = canonicalText(value);
      if (text.length > host.longestResult) throw new RangeError(host.tooLong);
      host.done(text);
    };
    try {
      const result = call(host.name, contextAt(0), input.arguments);
      if (result instanceof Promise || typeof result?.then === "function") {
        Promise.resolve(result).then(done).catch(fail);
      } else {
        done(result);
      }
    } catch (thrown) {
      fail(thrown);
    }
  };
})
