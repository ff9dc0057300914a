[tcp:request]
label = s:other:Toaster:
sig = *:64:0:*:5000,0:mss:xyz:0
