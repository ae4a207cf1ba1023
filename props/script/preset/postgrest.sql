-- What PostgREST's usual set-up has before an application's own files: the role
-- that the server logs in as, and the one it becomes for a request without a token.
CREATE ROLE anon NOLOGIN;
CREATE ROLE authenticator LOGIN NOINHERIT;
GRANT anon TO authenticator;
