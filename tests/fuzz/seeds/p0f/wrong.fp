[tcp:request]
label = s:unix:Linux
sig = 5:64:0:*:*,*:mss::0
