/* The store's schema as numbered steps: step i (from 0) turns a file of version i into version
 * i + 1. A released step never changes; a change of the schema is a new step. Steps are applied
 * with foreign keys off, so that one may build a table anew under the rows that refer to it. */
#ifndef FDM_RESULTS_MIGRATIONS_H
#define FDM_RESULTS_MIGRATIONS_H

#define FDM_STORE_APPLICATION_ID 0x46444d42 /* "FDMB", in the database's header */
#define FDM_STORE_SCHEMA_VERSION 4

extern const char *const fdm_store_migrations[FDM_STORE_SCHEMA_VERSION];

#endif
