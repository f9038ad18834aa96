# Sourced by scripts whose boards stand behind a real sshd, which runs without a port. $work/board is the folder on the
# board; what the user's ssh reads, $work/ssh_config, is written by `configure`.
sshd=/usr/sbin/sshd
need_tools $sshd ssh ssh-keygen

make_sshd() { # its keys, and the user's
    # As root, sshd wants its privilege separation folder.
    [ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
    mkdir -p "$work/board"
    for key in host user stranger; do
        ssh-keygen -q -t ed25519 -N '' -f "$work/$key"
    done
    cat >"$work/sshd_config" <<CONFIG
HostKey $work/host
AuthorizedKeysFile $work/user.pub
StrictModes no
UsePAM no
PidFile none
LogLevel ERROR
CONFIG
    echo "board $(cut -d' ' -f1,2 "$work/host.pub")" >"$work/known"
    configure "$work/user" "$work/known"
}

configure() { # configure KEY KNOWN_HOSTS
    cat >"$work/ssh_config" <<CONFIG
Host board
  User $(id -un)
  HostKeyAlias board
  IdentityFile $1
  IdentitiesOnly yes
  UserKnownHostsFile $2
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  ProxyCommand $sshd -i -e -f $work/sshd_config
CONFIG
}
