# shellcheck shell=bash disable=SC2154 # what is not assigned here, ./services assigns
# The same servers as containers: kafka and postgres of docker-compose.yml, as ./compose.yml changes them. Read by
# ./services. UPTIMER_SERVICES=native does without, although there is an engine.

engine() {
	[ "${UPTIMER_SERVICES:-}" != native ] && [ "$root" = "$shared" ] && docker compose version && docker info
} >/dev/null 2>&1

compose() {
	SERVICES_ROOT=$root SERVICES_USER=$(id -u):$(id -g) POSTGRES_PASSWORD_FILE=$root/postgres-password \
		docker compose -f "$repository/docker-compose.yml" -f "$here/compose.yml" "$@" 9>&-
}

engine_runs() {
	[ "$(compose ps --services --status running 2>/dev/null | sort | tr '\n' ' ')" = "kafka postgres " ] &&
		open_port "$kafka_port" && open_port $postgres_port
}

# engine_start_script is what the container of the broker runs: the settings of a broker without an engine, but for the
# address that it listens at. The passwords of its users are in it, so nobody else may read it.
engine_start_script() {
	local id
	id=$(openssl rand -base64 16 | tr '+/' 'ab' | cut -c 1-22)
	printf '#!/bin/bash\nset -e\n'
	printf '/opt/kafka/bin/kafka-storage.sh format --ignore-formatted -t %q -c %q' "$id" "$root/kafka/server.properties"
	printf ' %q' "${users[@]}"
	printf '\nexec /opt/kafka/bin/kafka-server-start.sh %q\n' "$root/kafka/server.properties"
}

# engine_up starts both anew: what their predecessors held is gone.
engine_up() {
	local users=()
	kafka_users
	mkdir -p "$root/kafka"
	rm -rf "$root/kafka/data"
	(
		umask 077
		printf '%s\n' "$password" >"$root/postgres-password"
		kafka_settings 0.0.0.0 >"$root/kafka/server.properties"
		engine_start_script >"$root/kafka/start"
	)
	compose up --detach --wait --force-recreate --renew-anon-volumes kafka postgres || fail "the containers do not come up"
	(cd "$repository" && go run ./dev/services/joinable "127.0.0.1:$kafka_port" 9>&-) || fail "Kafka does not come up"
}

engine_down() { compose down --volumes; }
