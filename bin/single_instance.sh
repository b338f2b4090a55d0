#!/bin/sh
# One uptimer that does all: it checks the targets and writes the events to WRITER_PLUGIN: stdout, kafka or postgres.
# Settings come from configuration.env, if it is there, and from the environment, which goes first.
set -eu
# shellcheck source=bin/common.sh
. "$(dirname -- "$0")/common.sh"

set -- "$targets"
case ${WRITER_PLUGIN-} in *kafka*) set -- "$@" KAFKA_BOOTSTRAP_SERVER KAFKA_WRITER_TOPIC ;; esac
case ${WRITER_PLUGIN-} in *postgres*) set -- "$@" DATABASE_URL ;; esac
need "$@"
export READER_PLUGIN="${READER_PLUGIN:-probes}"
start
