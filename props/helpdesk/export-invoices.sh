#!/bin/sh
# Exports the invoices that are queued for an account: export-invoices.sh ACCOUNT. It connects as PG* says.
set -eu
psql -X -q --csv -v ON_ERROR_STOP=1 -v account="$1" > out/invoices.csv <<'SQL'
SELECT set_config('app.tenant_id', :'account', false) \g /dev/null
SELECT * FROM export_invoices();
SQL
