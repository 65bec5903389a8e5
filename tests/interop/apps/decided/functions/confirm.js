exports = ({ username, token, tokenId }) => {
    if (!/^[0-9a-f]{128}$/.test(token) || !/^[0-9a-f]{24}$/.test(tokenId)) {
        throw new Error("no usable token");
    }
    return { status: username.startsWith("pending") ? "pending" : username.startsWith("fail") ? "fail" : "success" };
};
