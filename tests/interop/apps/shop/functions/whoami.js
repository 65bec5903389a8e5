exports = function () {
    const { id, type, data, custom_data, identities } = context.user;
    return { id, type, data, custom_data, providers: identities.map((identity) => identity.provider_type), greeting: context.values.get("greeting") };
};
