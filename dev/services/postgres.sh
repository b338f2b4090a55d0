# shellcheck shell=bash
# PostgreSQL from Debian's packages, in a cluster of its own. Read by ./services.
postgres_port=${SERVICES_POSTGRES_PORT:-25432}

# postgres_programs is where the newest version's programs are, or nothing.
postgres_programs() { find /usr/lib/postgresql/*/bin -maxdepth 0 2>/dev/null | sort -V | tail -n 1; }

# as_postgres runs a command with an account that PostgreSQL accepts: it refuses to run as root.
as_postgres() {
	if [ "$(id -u)" = 0 ]; then
		(cd "$root" && runuser -u postgres -- "$@" 9>&-)
	else
		"$@" 9>&-
	fi
}

postgres_runs() { program_in "$root/postgres/data/postmaster.pid" && open_port $postgres_port; }

postgres_init() {
	local folder=$root/postgres
	rm -rf "$folder"
	mkdir -p "$folder"
	(umask 077 && printf '%s\n' "$password" >"$folder/password")
	cp "$root/tls/server.pem" "$folder/server.pem"
	cp "$root/tls/server.key" "$folder/server.key"
	chmod 600 "$folder/server.key"
	[ "$(id -u)" != 0 ] || chown -R postgres "$folder"
	as_postgres "$(postgres_programs)/initdb" -D "$folder/new" -A scram-sha-256 -U uptimer --pwfile="$folder/password" \
		--no-sync -E UTF8 --no-locale >"$root/initdb.log" 2>&1 || fail "initdb failed" "$root/initdb.log"
	as_postgres mv "$folder/new" "$folder/data"
}

postgres_up() {
	! postgres_runs || return 0
	! open_port $postgres_port || fail "port $postgres_port is taken by another program"
	[ -d "$root/postgres/data" ] || postgres_init
	local folder=$root/postgres
	# One line: a shell reads it.
	local options="-p $postgres_port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c max_connections=200"
	options+=" -c ssl=on -c ssl_cert_file=$folder/server.pem -c ssl_key_file=$folder/server.key"
	as_postgres "$(postgres_programs)/pg_ctl" -D "$folder/data" -w -t 60 -l "$folder/log" -s -o "$options" start ||
		fail "PostgreSQL does not start" "$folder/log"
}

postgres_down() {
	program_in "$root/postgres/data/postmaster.pid" || return 0
	as_postgres "$(postgres_programs)/pg_ctl" -D "$root/postgres/data" -m fast -w -t 60 -s stop
}
