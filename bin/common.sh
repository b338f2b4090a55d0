# shellcheck shell=sh
# What the scripts here share. Read by them, not run.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

# fail ends the script as a wrong configuration ends uptimer.
fail() {
	printf '%s: %s\n' "$(basename -- "$0")" "$1" >&2
	exit 2
}

# is_set tells whether one of these variables has a value, by itself or through NAME_FILE.
is_set() {
	for candidate in "$@"; do
		[ -z "$(printenv "$candidate" || printenv "${candidate}_FILE" || true)" ] || return 0
	done
	return 1
}

# need fails unless each variable is set, or one of NAME|NAME|NAME; all that are missing are named at once.
need() {
	absent=
	for names in "$@"; do
		# shellcheck disable=SC2046 # the names are to be split
		is_set $(printf '%s' "$names" | tr '|' ' ') || absent="$absent, $(printf '%s' "$names" | sed 's/|/ or /g')"
	done
	[ -z "$absent" ] || fail "not set: ${absent#, }; want it in $root/configuration.env or in the environment (configuration.env.example has all)"
}

# shellcheck disable=SC2034 # for the scripts that read this one
targets='PROBE_URLS|PROBE_TARGETS_FILE|PROBE_TARGETS_TABLE' # where a list of targets comes from

# read_configuration takes NAME=value lines as they are: no quotes, no expansion, as `docker run --env-file` does. What the
# environment has already stays.
read_configuration() {
	number=0
	while IFS= read -r line || [ -n "$line" ]; do
		number=$((number + 1))
		case $line in '' | '#'*) continue ;; esac
		name=${line%%=*}
		case $name in
		"$line" | '' | [0-9]* | *[!A-Za-z0-9_]*) fail "$1:$number: want NAME=value" ;;
		esac
		printenv "$name" >/dev/null || export "$name=${line#*=}"
	done <"$1"
}

# start becomes uptimer: the one that was built here, else the one that is installed.
start() {
	program=$root/uptimer
	[ -x "$program" ] || program=$(command -v uptimer) || fail "there is no uptimer; run \`make build\` in $root, or install it"
	exec "$program" run
}

[ ! -e "$root/configuration.env" ] || read_configuration "$root/configuration.env"
