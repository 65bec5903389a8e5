exports = async function (...numbers) {
    return numbers.reduce((sum, number) => sum + Number(number), 0);
};
