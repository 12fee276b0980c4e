"""The twin: a simulated GCIB-SEM that is physics, driven through the same protocols as a real one."""
