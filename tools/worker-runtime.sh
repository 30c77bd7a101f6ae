#!/bin/sh
# Runs workerd so that it ends with the process that started it, however that ends. Killed without warning
# (kill -9), that process cannot stop it, and an orphan would keep the port and the database. Only Linux has
# a way to ask for this; elsewhere workerd is simply started.
if setpriv --pdeathsig KILL true 2>/dev/null; then
  exec setpriv --pdeathsig KILL -- "$EDGEMEM_WORKERD" "$@"
fi
exec "$EDGEMEM_WORKERD" "$@"
