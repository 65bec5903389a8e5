exports = ({ username, password, currentPasswordValid }, answer, extra) => ({
    status: username && password && !currentPasswordValid && answer === "42" && extra.list.length === 2 ? "success" : "fail",
});
