-- Purge: whatever is under the key goes, also what cannot be read.
redis.call('DEL', key)
redis.pcall('PUBLISH', key, '')
return OK
