// Loaded before a program: tells on its last line of stderr the most memory that it took, in KiB.
process.on('exit', () => console.error(process.resourceUsage().maxRSS));
