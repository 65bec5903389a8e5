exports = function (payload) {
    if ("options" in payload) {
        throw new Error("the payload has options");
    }
    if (payload.password !== "open sesame") {
        throw new Error(`nobody opens for ${payload.username}`);
    }
    return payload.named ? { id: payload.username, name: `Captain ${payload.username}` } : payload.username;
};
