exports = function () {
    throw new TypeError("on purpose");
};
