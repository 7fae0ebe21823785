-- Run it when manage.py create_kamailio_tables has: from now on the site writes rows, and alters no table of Kamailio's.
REVOKE CREATE, ALTER, INDEX ON kamailio.* FROM 'dsiprouter'@'@HOST@';

-- Kamailio reads its tables, and no others that may be in the database.
GRANT SELECT ON kamailio.version TO 'kamailio'@'@HOST@';
GRANT SELECT ON kamailio.address TO 'kamailio'@'@HOST@';
GRANT SELECT ON kamailio.dispatcher TO 'kamailio'@'@HOST@';
GRANT SELECT ON kamailio.mtree TO 'kamailio'@'@HOST@';
GRANT SELECT ON kamailio.uacreg TO 'kamailio'@'@HOST@';
GRANT SELECT ON kamailio.htable TO 'kamailio'@'@HOST@';
GRANT SELECT ON kamailio.dsiprouter_policy TO 'kamailio'@'@HOST@';
GRANT SELECT ON kamailio.dsiprouter_header TO 'kamailio'@'@HOST@';
GRANT SELECT ON kamailio.dsiprouter_name TO 'kamailio'@'@HOST@';
