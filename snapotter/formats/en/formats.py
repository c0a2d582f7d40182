"""As they sort; the zone is told, because the server's need not be the reader's."""

DATE_FORMAT = "Y-m-d"
DATETIME_FORMAT = "Y-m-d H:i:s T"
