/** What is counted from log lines: the line's message, and the field that holds the number. Nothing is counted where no such line is written. */
export const hostsDown = { metric: 'HostsDown', message: 'hosts are down', count: 'down' } as const;
