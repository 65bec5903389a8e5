// BSON values as functions see them, and Extended JSON: how values enter and leave the engine (sections 2.5 and 13.1).
//
// Numbers of 32 bits and doubles are JavaScript numbers; everything else that JavaScript has no value for is an object of
// one of the classes below. Evaluates to a function that makes them all.
(function () {
  const { parse, stringify } = JSON;
  const DEEPEST = 100;
  const INT32 = [-2147483648, 2147483647];
  const isInt32 = (n) => Number.isInteger(n) && n >= INT32[0] && n <= INT32[1] && !Object.is(n, -0);

  /** A class that can be called without `new`, as the hosted service's can. */
  const callable = (type) =>
    new Proxy(type, { apply: (target, _, args) => new target(...args) });

  /** A value that knows its Extended JSON. */
  class Value {
    toJSON() { return canonical(this, 0); }
  }
  const hidden = (object, key, value) => Object.defineProperty(object, key, { value });

  class ObjectIdType extends Value {
    constructor(id) {
      super();
      let hex = id === undefined || id === null ? fresh() : id instanceof ObjectIdType ? id.toHexString() : id;
      if (hex instanceof BinaryType) hex = hex.toHex();
      if (typeof hex !== "string" || !/^[0-9a-fA-F]{24}$/.test(hex)) {
        throw new TypeError("an ObjectId has 24 hexadecimal digits");
      }
      hidden(this, "hex", hex.toLowerCase());
    }
    static createFromHexString(hex) { return new ObjectIdType(hex); }
    static isValid(id) {
      return id instanceof ObjectIdType || (typeof id === "string" && /^[0-9a-fA-F]{24}$/.test(id));
    }
    toHexString() { return this.hex; }
    toString() { return this.hex; }
    toJSON() { return this.hex; }
    equals(other) {
      return other instanceof ObjectIdType ? other.hex === this.hex : String(other).toLowerCase() === this.hex;
    }
    getTimestamp() { return new Date(parseInt(this.hex.slice(0, 8), 16) * 1000); }
    get _bsontype() { return "ObjectID"; }
  }
  const fresh = () => {
    const digits = (number, count) => number.toString(16).padStart(count, "0");
    let hex = digits(Math.floor(Date.now() / 1000) >>> 0, 8);
    while (hex.length < 24) hex += digits(Math.floor(Math.random() * 65536), 4);
    return hex;
  };

  class NumberType extends Value {
    toString() { return String(this.value); }
    valueOf() { return Number(this.value); }
    toNumber() { return Number(this.value); }
  }
  class Int32Type extends NumberType {
    constructor(value) {
      super();
      if (!isInt32(Number(value))) throw new RangeError(`${value} is no integer of 32 bits`);
      hidden(this, "value", Number(value));
    }
    get _bsontype() { return "Int32"; }
  }
  class DoubleType extends NumberType {
    constructor(value) { super(); hidden(this, "value", Number(value)); }
    get _bsontype() { return "Double"; }
  }
  class LongType extends NumberType {
    /** From a number, a text, a bigint, or the low and the high 32 bits. */
    constructor(low, high) {
      super();
      const value = high === undefined
        ? BigInt(low instanceof NumberType ? low.value : low)
        : (BigInt(high) << 32n) | BigInt.asUintN(32, BigInt(low));
      if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${value} is no integer of 64 bits`);
      hidden(this, "value", value);
    }
    static fromNumber(value) { return new LongType(Math.trunc(value)); }
    static fromInt(value) { return new LongType(value); }
    static fromString(value) { return new LongType(value); }
    static fromBigInt(value) { return new LongType(value); }
    static fromBits(low, high) { return new LongType(low, high); }
    toBigInt() { return this.value; }
    toInt() { return Number(BigInt.asIntN(32, this.value)); }
    add(other) { return wrapped(this.value + new LongType(other).value); }
    subtract(other) { return wrapped(this.value - new LongType(other).value); }
    multiply(other) { return wrapped(this.value * new LongType(other).value); }
    divide(other) { return wrapped(this.value / new LongType(other).value); }
    equals(other) { return this.value === new LongType(other).value; }
    compare(other) {
      const value = new LongType(other).value;
      return this.value < value ? -1 : this.value > value ? 1 : 0;
    }
    get _bsontype() { return "Long"; }
  }
  const wrapped = (value) => new LongType(BigInt.asIntN(64, value));
  class Decimal128Type extends NumberType {
    constructor(text) {
      super();
      if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$|^[+-]?inf(inity)?$|^nan$/i.test(text)) {
        throw new TypeError(`'${text}' is no Decimal128`);
      }
      hidden(this, "value", String(text));
    }
    static fromString(text) { return new Decimal128Type(text); }
    get _bsontype() { return "Decimal128"; }
  }

  class BinaryType extends Value {
    constructor(bytes, subType = 0) {
      super();
      this.buffer = typeof bytes === "string" ? bytesOfText(bytes) : Uint8Array.from(bytes ?? []);
      this.sub_type = subType;
    }
    static fromHex(hex, subType) {
      if (!/^([0-9a-fA-F]{2})*$/.test(hex)) throw new TypeError("not hexadecimal");
      return new BinaryType((hex.match(/../g) ?? []).map((byte) => parseInt(byte, 16)), subType);
    }
    static fromBase64(text, subType) { return new BinaryType(bytesOfLatin1(atob(text)), subType); }
    static fromText(text, subType) { return new BinaryType(bytesOfText(text), subType); }
    length() { return this.buffer.length; }
    text() { return decodeURIComponent(escape(latin1(this.buffer))); }
    toString() { return this.text(); }
    toHex() { return Array.from(this.buffer, (byte) => byte.toString(16).padStart(2, "0")).join(""); }
    toBase64() { return btoa(latin1(this.buffer)); }
    get _bsontype() { return "Binary"; }
  }
  const latin1 = (bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 4096) {
      text += String.fromCharCode.apply(null, bytes.subarray(at, at + 4096));
    }
    return text;
  };
  const bytesOfLatin1 = (text) => Uint8Array.from(text, (char) => char.charCodeAt(0));
  const bytesOfText = (text) => bytesOfLatin1(unescape(encodeURIComponent(text)));

  class RegExpType extends Value {
    constructor(pattern, options = "") {
      super();
      this.pattern = pattern;
      this.options = options;
    }
    get _bsontype() { return "BSONRegExp"; }
  }
  class MinKeyType extends Value { get _bsontype() { return "MinKey"; } }
  class MaxKeyType extends Value { get _bsontype() { return "MaxKey"; } }
  /** A type that functions can only hand on: timestamps, code, symbols, pointers, dates that no Date reaches. */
  class OtherType extends Value {
    constructor(ejson) { super(); hidden(this, "ejson", ejson); }
  }

  /** Which fields of an object were doubles: a number does not tell 3.0 from 3, and they go out as what they came in. */
  const doubles = new WeakMap();
  const rememberDoubles = (object, keys) => {
    const found = keys.filter((key) => typeof object[key] === "object" && object[key] !== null &&
      typeof object[key].$numberDouble === "string");
    if (found.length > 0) doubles.set(object, new Map(found.map((key) => [key, Number(object[key].$numberDouble)])));
  };
  /** Elements of an array move, so that they have to be what they were; a field may be another number by now. */
  const wasDouble = (object, key, number) => {
    const found = doubles.get(object);
    return found !== undefined && found.has(key) && (!Array.isArray(object) || Object.is(found.get(key), number));
  };

  /** From canonical or relaxed Extended JSON that was parsed as JSON; changes it in place. */
  const revive = (value) => {
    if (typeof value !== "object" || value === null) return value;
    const keys = Object.keys(value);
    if (!Array.isArray(value) && keys.length > 0 && keys.length < 3 && keys[0][0] === "$") {
      const special = reviveWrapper(value, keys);
      if (special !== value) return special;
    }
    rememberDoubles(value, keys);
    for (const key of keys) value[key] = revive(value[key]);
    return value;
  };
  const reviveWrapper = (wrapper, keys) => {
    const inner = wrapper[keys[0]];
    if (keys.length === 2) {
      return keys.includes("$code") && keys.includes("$scope") ? new OtherType(wrapper) : wrapper;
    }
    switch (keys[0]) {
      case "$oid": return new ObjectIdType(inner);
      case "$numberInt": case "$numberDouble":
        return Number(inner);
      case "$numberLong": return new LongType(inner);
      case "$numberDecimal": return new Decimal128Type(inner);
      case "$date": {
        const date = new Date(typeof inner === "object" ? Number(inner.$numberLong) : inner);
        return Number.isNaN(date.getTime()) ? new OtherType(wrapper) : date;
      }
      case "$binary": return BinaryType.fromBase64(inner.base64, parseInt(inner.subType, 16));
      case "$uuid": return BinaryType.fromHex(inner.replaceAll("-", ""), 4);
      case "$regularExpression": return new RegExpType(inner.pattern, inner.options);
      case "$minKey": return new MinKeyType();
      case "$maxKey": return new MaxKeyType();
      case "$undefined": return undefined;
      case "$timestamp": case "$code": case "$symbol": case "$dbPointer":
        return new OtherType(wrapper);
      default: return wrapper;
    }
  };

  const double = (n) => (Object.is(n, -0) ? "-0.0" : Number.isInteger(n) && Math.abs(n) < 1e21 ? `${n}.0` : String(n));
  const numberForm = (n) =>
    isInt32(n) ? { $numberInt: String(n) }
      : Number.isSafeInteger(n) && !Object.is(n, -0) ? { $numberLong: String(n) }
      : { $numberDouble: double(n) };

  /** The canonical form as plain objects. Fields that hold functions are left out. */
  const canonical = (value, depth) => {
    if (depth > DEEPEST) throw new TypeError("a value is nested too deeply, or contains itself");
    switch (typeof value) {
      // UTF-8 has no form for half of a surrogate pair.
      case "string": return value.toWellFormed();
      case "boolean": return value;
      case "number": return numberForm(value);
      case "bigint": return { $numberLong: String(new LongType(value).value) };
      case "undefined": case "function": return { $undefined: true };
      case "symbol": throw new TypeError("a symbol has no Extended JSON");
    }
    if (value === null) return null;
    if (value instanceof Value) return canonicalValue(value);
    if (value instanceof Date) {
      if (Number.isNaN(value.getTime())) throw new TypeError("an invalid date has no Extended JSON");
      return { $date: { $numberLong: String(value.getTime()) } };
    }
    if (value instanceof RegExp) {
      const options = [...value.flags].filter((flag) => "imsux".includes(flag)).sort().join("");
      return { $regularExpression: { pattern: value.source.toWellFormed(), options } };
    }
    if (value instanceof ArrayBuffer) return canonicalValue(new BinaryType(new Uint8Array(value)));
    if (value instanceof Uint8Array) return canonicalValue(new BinaryType(value));
    const field = (holder, key) => {
      const inner = holder[key];
      const kept = typeof inner === "number" && wasDouble(holder, key, inner);
      return kept ? { $numberDouble: double(inner) } : canonical(inner, depth + 1);
    };
    if (Array.isArray(value)) return Array.from(value, (_, at) => field(value, String(at)));
    if (value instanceof Map) value = Object.fromEntries(value);
    if (typeof value.toJSON === "function") return canonical(value.toJSON(), depth + 1);
    const fields = Object.create(null);
    for (const key of Object.keys(value)) {
      if (typeof value[key] !== "function") fields[key.toWellFormed()] = field(value, key);
    }
    return fields;
  };
  const canonicalValue = (value) => {
    if (value instanceof ObjectIdType) return { $oid: value.hex };
    if (value instanceof Int32Type) return { $numberInt: String(value.value) };
    if (value instanceof DoubleType) return { $numberDouble: double(value.value) };
    if (value instanceof LongType) return { $numberLong: String(value.value) };
    if (value instanceof Decimal128Type) return { $numberDecimal: value.value };
    if (value instanceof BinaryType) {
      return { $binary: { base64: value.toBase64(), subType: value.sub_type.toString(16).padStart(2, "0") } };
    }
    if (value instanceof RegExpType) {
      return { $regularExpression: { pattern: value.pattern, options: value.options } };
    }
    if (value instanceof MinKeyType) return { $minKey: 1 };
    if (value instanceof MaxKeyType) return { $maxKey: 1 };
    return value.ejson;
  };

  /** Numbers and dates as plain as JSON has them. */
  const relaxed = (form) => {
    if (typeof form !== "object" || form === null) return form;
    if (Array.isArray(form)) return form.map(relaxed);
    const keys = Object.keys(form);
    if (keys.length === 1) {
      const inner = form[keys[0]];
      if (keys[0] === "$numberInt") return Number(inner);
      if (keys[0] === "$numberLong") return Number.isSafeInteger(Number(inner)) ? Number(inner) : form;
      if (keys[0] === "$numberDouble" && Number.isFinite(Number(inner))) return Number(inner);
      if (keys[0] === "$date") {
        const time = Number(inner.$numberLong);
        return time >= 0 && time < 253402300800000 ? { $date: new Date(time).toISOString() } : form;
      }
    }
    const plain = Object.create(null);
    for (const key of keys) plain[key] = relaxed(form[key]);
    return plain;
  };

  const EJSON = {
    parse: (text) => revive(parse(text)),
    /** `stringify(value, options)`, or with a replacer and an indentation before the options. */
    stringify: (value, ...rest) => {
      const options = rest.find((one) => typeof one === "object" && one !== null && !Array.isArray(one)) ?? {};
      const replacer = rest.find((one) => typeof one === "function" || Array.isArray(one));
      const space = rest.find((one) => typeof one === "number" || typeof one === "string");
      const form = canonical(value, 0);
      return stringify(options.relaxed === false ? form : relaxed(form), replacer, space);
    },
  };
  const ObjectId = callable(ObjectIdType);
  const BSON = {
    ObjectId,
    ObjectID: ObjectId,
    Int32: callable(Int32Type),
    Long: callable(LongType),
    Double: callable(DoubleType),
    Decimal128: callable(Decimal128Type),
    Binary: callable(BinaryType),
    BSONRegExp: callable(RegExpType),
    MinKey: callable(MinKeyType),
    MaxKey: callable(MaxKeyType),
  };
  return { EJSON, BSON, canonicalText: (value) => stringify(canonical(value, 0)) };
})
