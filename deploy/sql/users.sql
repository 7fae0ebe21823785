-- The two databases, and the site's user. @WEB_PASSWORD@, @KAMAILIO_PASSWORD@ and @HOST@ stand for your own:
--   sed "s/@WEB_PASSWORD@/…/; s/@KAMAILIO_PASSWORD@/…/; s/@HOST@/127.0.0.1/" users.sql | mariadb
-- @HOST@ is where the users come from; with several machines their private network, such as 10.0.0.%.
CREATE DATABASE IF NOT EXISTS dsiprouter CHARACTER SET utf8mb4;
CREATE DATABASE IF NOT EXISTS kamailio CHARACTER SET utf8mb4;

-- The site: its own tables, which migrations alter. Those of Kamailio it makes where they are missing; kamailio.sql takes
-- that right away again.
CREATE USER IF NOT EXISTS 'dsiprouter'@'@HOST@' IDENTIFIED BY '@WEB_PASSWORD@';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES ON dsiprouter.* TO 'dsiprouter'@'@HOST@';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON kamailio.* TO 'dsiprouter'@'@HOST@';

-- Kamailio reads; kamailio.sql says what.
CREATE USER IF NOT EXISTS 'kamailio'@'@HOST@' IDENTIFIED BY '@KAMAILIO_PASSWORD@';
