/** The socket's port number: a part of its file's name, nothing listens on it. */
export const socketPort = 5432

/** Says that a cluster is ours alone. */
export const embeddedClusterName = 'authsec'

/** PostgreSQL's arguments for a development server: small, durable, on its socket only, and silent about statements and values. */
export function serverArguments(data: string, socketFolder: string): readonly string[] {
  const settings = {
    listen_addresses: '',
    unix_socket_directories: `"${socketFolder.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    port: String(socketPort),
    cluster_name: embeddedClusterName,
    max_connections: '100',
    shared_buffers: '16MB',
    huge_pages: 'off',
    io_method: 'sync',
    jit: 'off',
    max_logical_replication_workers: '0',
    max_wal_senders: '0',
    max_wal_size: '256MB',
    fsync: 'on',
    // After a crash one call instead of a thousand: a tenth of the time. Only Linux has it.
    ...(process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}),
    full_page_writes: 'on',
    synchronous_commit: 'on',
    log_checkpoints: 'off',
    log_destination: 'stderr',
    logging_collector: 'off',
    log_statement: 'none',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
  }
  return ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}
