"""What other programs know of a wafer's sections: their files read into one kind of value."""
