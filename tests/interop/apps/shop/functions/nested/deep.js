exports = () => "from below";
