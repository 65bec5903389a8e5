exports = () => "found";
