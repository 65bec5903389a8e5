exports = (value) => value;
