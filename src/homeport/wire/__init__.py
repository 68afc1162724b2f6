"""What bytes mean.  Pure translations between octets and values, both ways."""
