-- The shared store, with a user who writes and one who only reads. hoptell makes the tables.
CREATE DATABASE hoptell;
CREATE USER hoptell@localhost IDENTIFIED BY 'a password';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP ON hoptell.* TO hoptell@localhost;
CREATE USER 'www-data'@localhost IDENTIFIED VIA unix_socket;
GRANT SELECT ON hoptell.* TO 'www-data'@localhost;
