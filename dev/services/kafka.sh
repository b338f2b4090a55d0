# shellcheck shell=bash
# One broker of Apache Kafka (KRaft), from its Maven artifacts. Read by ./services.
kafka_port=${SERVICES_KAFKA_PORT:-19092} # plain text; the next is the controller's, then come TLS, TLS with a login, a login

kafka_runs() { program_in "$root/kafka/pid" && open_port "$kafka_port"; }

# kafka_fetch gets the broker's jars, once for all folders.
kafka_fetch() {
	mkdir -p "$root/kafka" "$(dirname "$libs")"
	[ ! -d "$libs" ] || return 0
	say "fetching Apache Kafka's artifacts (44 MB)"
	cp "$here/pom.xml" "$root/kafka/pom.xml" # away from the tree: Maven may leave things beside it
	rm -rf "$root/kafka/libs.new"
	(cd "$root/kafka" && mvn -q -B dependency:copy-dependencies -DoutputDirectory="$root/kafka/libs.new") >"$root/kafka/mvn.log" 2>&1 ||
		fail "the artifacts cannot be had" "$root/kafka/mvn.log"
	mv -T "$root/kafka/libs.new" "$libs" || [ -d "$libs" ] # another call may have been as fast
}

# kafka_logins are the lines for a listener that asks for user and password.
kafka_logins() {
	local listener=listener.name.$1 plain=org.apache.kafka.common.security.plain.PlainLoginModule
	local scram=org.apache.kafka.common.security.scram.ScramLoginModule
	echo "$listener.plain.sasl.jaas.config=$plain required user_uptimer=\"$password\" user_guest=\"$guest_password\";"
	echo "$listener.scram-sha-256.sasl.jaas.config=$scram required;"
	echo "$listener.scram-sha-512.sasl.jaas.config=$scram required;"
}

# kafka_settings are the broker's; it listens at the address $1, and says that it is on loopback.
kafka_settings() {
	local controller=127.0.0.1:$((kafka_port + 1)) advertised=PLAINTEXT://127.0.0.1:$kafka_port
	advertised+=,SSL://127.0.0.1:$((kafka_port + 2)),SASL_SSL://127.0.0.1:$((kafka_port + 3)),SASL_PLAINTEXT://127.0.0.1:$((kafka_port + 4))
	cat <<-END
		process.roles=broker,controller
		node.id=1
		controller.quorum.voters=1@$controller
		controller.listener.names=CONTROLLER
		listeners=CONTROLLER://$controller,${advertised//127.0.0.1/$1}
		advertised.listeners=$advertised
		listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL,SASL_PLAINTEXT:SASL_PLAINTEXT
		inter.broker.listener.name=PLAINTEXT
		log.dirs=$root/kafka/data
		num.partitions=6
		auto.create.topics.enable=false
		group.initial.rebalance.delay.ms=0
		# One broker, and topics of its own that are small: it is ready sooner.
		offsets.topic.replication.factor=1
		offsets.topic.num.partitions=1
		transaction.state.log.replication.factor=1
		transaction.state.log.min.isr=1
		transaction.state.log.num.partitions=1
		share.coordinator.state.topic.replication.factor=1
		share.coordinator.state.topic.min.isr=1
		share.coordinator.state.topic.num.partitions=1
		# A broker that was killed waits for the end of its old registration; tests use short sessions.
		broker.session.timeout.ms=1500
		broker.heartbeat.interval.ms=300
		group.min.session.timeout.ms=1000
		# Everybody may do everything, but where a test adds an ACL. Whoever comes unnamed or as uptimer is above them.
		authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
		allow.everyone.if.no.acl.found=true
		super.users=User:ANONYMOUS;User:uptimer
		ssl.keystore.type=PEM
		ssl.keystore.location=$root/tls/server-both.pem
		ssl.truststore.type=PEM
		ssl.truststore.location=$root/tls/ca.pem
		listener.name.ssl.ssl.client.auth=required
		listener.name.sasl_ssl.ssl.client.auth=none
		sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
	END
	kafka_logins sasl_ssl
	kafka_logins sasl_plaintext
}

# kafka_users fills the array users with what makes the users for SCRAM when the broker's folder is formatted.
kafka_users() {
	local mechanism
	for mechanism in SCRAM-SHA-256 SCRAM-SHA-512; do
		users+=(--add-scram "$mechanism=[name=uptimer,password=$password]")
		users+=(--add-scram "$mechanism=[name=guest,password=$guest_password]")
	done
}

# kafka_init makes the broker's folder, with its users.
kafka_init() {
	local folder=$root/kafka id users=()
	rm -rf "$folder/data"
	(umask 077 && kafka_settings 127.0.0.1 >"$folder/server.properties")
	id=$(openssl rand -base64 16 | tr '+/' 'ab' | cut -c 1-22)
	kafka_users
	java -Xmx128m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$libs/*" kafka.tools.StorageTool format -t "$id" -c "$folder/server.properties" \
		"${users[@]}" >"$folder/format.log" 2>&1 || fail "formatting the broker's folder failed" "$folder/format.log"
	touch "$folder/data/formatted"
}

# kafka_free makes sure that the broker will be able to listen.
kafka_free() {
	local port
	for port in $(seq "$kafka_port" $((kafka_port + 4))); do
		! open_port "$port" || fail "port $port is taken by another program"
	done
}

kafka_up() {
	! kafka_runs || return 0
	kafka_down # one that does not answer
	kafka_free
	kafka_fetch
	local folder=$root/kafka broker waiting ended
	[ -e "$folder/data/formatted" ] || kafka_init
	# The compiler's first tier alone: on few cores the second costs more than it brings in a short life.
	(cd "$folder" && exec setsid nohup java -Xms256m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
		-Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$libs/*" kafka.Kafka "$folder/server.properties" \
		</dev/null >"$folder/log" 2>&1 9>&-) &
	broker=$!
	echo $broker >"$folder/pid"
	(cd "$repository" && go build -o "$root/kafka/joinable" ./dev/services/joinable && exec "$root/kafka/joinable" "127.0.0.1:$kafka_port" 9>&-) &
	waiting=$!
	if ! wait -n -p ended $broker $waiting || [ "$ended" = $broker ]; then
		kill $waiting 2>/dev/null || true
		kafka_down
		fail "Kafka does not come up" "$folder/log"
	fi
}

# kafka_down ends the broker by its pid and waits, so that its ports and its folder are free.
kafka_down() {
	program_in "$root/kafka/pid" || return 0
	local pid try
	pid=$(cat "$root/kafka/pid")
	kill "$pid"
	for try in $(seq 300); do
		kill -0 "$pid" 2>/dev/null || break
		[ "$try" != 200 ] || kill -9 "$pid"
		sleep 0.1
	done
	rm -f "$root/kafka/pid"
}
